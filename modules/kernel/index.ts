export { type CancelTimer, CLOCK, type Clock, SystemClock } from './clock.js';
export { type Decider, fold } from './decider.js';
export { canonicalJson, digestOf } from './digest.js';
export type { ErrorDefinition } from './errors/error-definition.js';
export { errorClassOf } from './errors/error-class.js';
export { ERROR_REGISTRY, type ErrorCode } from './errors/error-registry.js';
export {
  type FieldProblem,
  isPosthornError,
  PosthornError,
  type PosthornErrorOptions,
} from './errors/posthorn-error.js';
export { isHeaderName, isHeaderValue, isReservedHeader } from './http/reserved-headers.js';
export { ManualClock } from './manual-clock.js';
export { pause } from './pause.js';
