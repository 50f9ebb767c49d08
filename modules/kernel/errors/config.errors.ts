import type { ErrorDefinitions } from './error-definition.js';

export const CONFIG_ERRORS = {
  PSH_CONFIG_INVALID: {
    status: 500,
    title: 'The configuration is not usable',
    fix: 'Mend every problem listed; docs/configuration.md describes each setting.',
  },
  PSH_CONFIG_SECRET_FILE_UNUSABLE: {
    status: 500,
    title: 'A secret that Posthorn keeps in its data folder cannot be used',
    fix: 'Restore the file from a backup, make it readable for the owner of the process, or configure the secret instead.',
  },
} as const satisfies ErrorDefinitions;
