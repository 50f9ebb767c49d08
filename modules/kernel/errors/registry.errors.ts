import type { ErrorDefinitions } from './error-definition.js';

export const REGISTRY_ERRORS = {} as const satisfies ErrorDefinitions;
