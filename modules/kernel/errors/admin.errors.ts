import type { ErrorDefinitions } from './error-definition.js';

export const API_ERRORS = {} as const satisfies ErrorDefinitions;
