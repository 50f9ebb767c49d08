export {
  type MatchableEvent,
  type RetryPolicy,
  type SourceSelection,
  type Webhook,
  WEBHOOK_DIRECTORY,
  type WebhookCredentials,
  type WebhookDirectory,
} from './webhook.js';
export type {
  CodeSecret,
  EncryptedSecret,
  FieldChange,
  RegistryPointer,
  StartFrom,
  StoredAuth,
  StoredSecret,
  WebhookDefinitionRecord,
  WebhookEvent,
  WebhookOwner,
  WebhookStatus,
} from './webhook.events.js';
