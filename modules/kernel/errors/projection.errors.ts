import type { ErrorDefinitions } from './error-definition.js';

export const PROJECTION_ERRORS = {} as const satisfies ErrorDefinitions;
