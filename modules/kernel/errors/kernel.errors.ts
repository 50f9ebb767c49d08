import type { ErrorDefinitions } from './error-definition.js';

export const KERNEL_ERRORS = {
  PSH_KERNEL_INTERNAL: {
    status: 500,
    title: 'Posthorn met a situation that its own rules exclude',
    fix: 'This is a defect of Posthorn: report it with the log lines around it.',
  },
} as const satisfies ErrorDefinitions;
