import type { ErrorDefinitions } from './error-definition.js';

export const DELIVERY_ERRORS = {} as const satisfies ErrorDefinitions;
