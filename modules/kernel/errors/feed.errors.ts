import type { ErrorDefinitions } from './error-definition.js';

export const FEED_ERRORS = {} as const satisfies ErrorDefinitions;
