export { PosthornError } from '../modules/kernel/index.js';
