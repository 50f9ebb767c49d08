import type { ErrorDefinitions } from './error-definition.js';

export const CONFIG_ERRORS = {} as const satisfies ErrorDefinitions;
