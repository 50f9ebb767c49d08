import type { ErrorDefinitions } from './error-definition.js';

export const SENDING_ERRORS = {} as const satisfies ErrorDefinitions;
