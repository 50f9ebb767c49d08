import type { ErrorDefinitions } from './error-definition.js';

export const EVENT_STORE_ERRORS = {} as const satisfies ErrorDefinitions;
