import type { ErrorDefinitions } from './error-definition.js';

export const REGISTRY_ERRORS = {
  PSH_REGISTRY_INVALID_DEFINITION: {
    status: 400,
    title: 'The definition of a webhook has mistakes',
    fix: 'Mend every field listed in `problems`; nothing was stored.',
  },
  PSH_REGISTRY_DUPLICATE_DECLARATION: {
    status: 500,
    title: 'Two classes declare a webhook with the same id',
    fix: 'Give each class that is decorated with @Webhook an id of its own.',
  },
  PSH_REGISTRY_NOT_DECLARED: {
    status: 500,
    title: 'The class does not declare a webhook',
    fix: 'Decorate the class with @Webhook({ id }), implement `define`, and list it among the providers of a module.',
  },
  PSH_REGISTRY_NOT_FOUND: {
    status: 404,
    title: 'There is no webhook with this id',
    fix: 'Take the id from the list of webhooks; a removed webhook has to be registered again.',
  },
  PSH_REGISTRY_ALREADY_REGISTERED: {
    status: 409,
    title: 'A webhook with this id is registered already',
    fix: 'Change the webhook, or choose another id.',
  },
  PSH_REGISTRY_OWNED_BY_CODE: {
    status: 409,
    title: 'The webhook is declared in code and cannot be changed or removed from outside',
    fix: 'Change its declaration and deploy; pause, resume and disable work on every webhook.',
  },
  PSH_REGISTRY_OWNED_BY_API: {
    status: 409,
    title: 'Code declares the id of a webhook that was registered through the API',
    fix: 'Choose another id, remove the registered webhook, or declare it with `isAdopting: true` to take it over.',
  },
  PSH_REGISTRY_DISABLED: {
    status: 409,
    title: 'The webhook is disabled',
    fix: 'Resume the webhook first; a disabled webhook matches nothing and cannot be paused.',
  },
  PSH_REGISTRY_REVISION_MISMATCH: {
    status: 412,
    title: 'The webhook is not at the expected revision',
    fix: 'Read the webhook again and repeat the command with its revision.',
  },
  PSH_REGISTRY_CONTENDED: {
    status: 503,
    title: 'The webhook changed again and again while the command was decided',
    fix: 'Try again.',
  },
  PSH_REGISTRY_UNAVAILABLE: {
    status: 503,
    title: 'The registry cannot reach the event store',
    fix: 'Try again; repeating a command is harmless.',
  },
  PSH_REGISTRY_OUTCOME_UNKNOWN: {
    status: 503,
    title: 'The event store did not say whether the change was recorded',
    fix: 'Read the webhook, and repeat the command if it has no effect yet: repeating it is harmless.',
  },
  PSH_REGISTRY_CODE_MISSING: {
    status: 409,
    title: 'A secret or a function of the webhook lives in code that this instance does not run',
    fix: 'Ask an instance that runs the release which declared the webhook.',
  },
  PSH_REGISTRY_UNKNOWN_SECRET: {
    status: 404,
    title: 'The webhook signs with no secret that has this fingerprint',
    fix: 'Take the fingerprint from the list of signing keys.',
  },
  PSH_REGISTRY_LAST_SECRET: {
    status: 409,
    title: 'The webhook has no other secret of this kind to sign with',
    fix: 'Rotate the secret with `overlapMs: 0`: the old one stops to sign at once.',
  },
  PSH_REGISTRY_TOO_MANY_SECRETS: {
    status: 409,
    title: 'Too many secrets sign beside one another',
    fix: 'Revoke secrets of before, or rotate with a shorter overlap.',
  },
  PSH_REGISTRY_NO_SHARED_SECRET: {
    status: 409,
    title:
      'The webhook has no shared secret that is shown: it signs with key pairs alone, or the secret is kept elsewhere',
    fix: 'Verify with the public key, let the webhook sign with `both`, or look the secret up where it is kept.',
  },
  PSH_REGISTRY_INVALID_KEY: {
    status: 500,
    title: 'The encryption key cannot be used',
    fix: 'Give one key, or several as `id:key` separated by commas, the one to encrypt with first; each key is the base64 text of 32 bytes.',
  },
  PSH_REGISTRY_UNKNOWN_KEY: {
    status: 500,
    title: 'A secret was encrypted with a key that is not in the key ring',
    fix: 'Configure the key with this id again; a key that secrets were encrypted with stays in the ring behind the new one.',
  },
  PSH_REGISTRY_SECRET_UNAVAILABLE: {
    status: 503,
    title: 'A secret of the webhook cannot be looked up now',
    fix: 'See to the vault that the `secretResolver` asks, and to what it allows; deliveries wait and go on by themselves.',
  },
  PSH_REGISTRY_WRONG_KEY: {
    status: 500,
    title: 'A secret cannot be decrypted with the key of its id',
    fix: 'Configure the key that the secret was encrypted with; one id must always mean the same key.',
  },
} as const satisfies ErrorDefinitions;
