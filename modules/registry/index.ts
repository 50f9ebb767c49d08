export {
  ChangeWebhook,
  DisableWebhook,
  PauseWebhook,
  RegisterWebhook,
  RemoveWebhook,
  ResumeWebhook,
  RevokeWebhookSecret,
  RotateWebhookSecret,
} from './commands/registry.commands.js';
export type { DiscoveredWebhook } from './declaration/webhook-discovery.js';
export {
  Webhook,
  type WebhookDeclaration,
  type WebhookDefinition,
} from './declaration/webhook.decorator.js';
export {
  DefinitionBuilder,
  type EventTypeClass,
  type EventTypeSource,
} from './definition/definition-builder.js';
export { envelopeKindOf } from './definition/envelope-rules.js';
export { matchesEventType } from './definition/event-type-rules.js';
export type { HeaderInput } from './definition/header-rules.js';
export type { UrlPolicy } from './definition/url-rules.js';
export { signingOf } from './definition/signing-policy.js';
export type {
  AuthInput,
  ClientCertificateInput,
  TlsInput,
  OrderingInput,
  OAuth2Input,
  SigningInput,
  SigningProfileInput,
  WebhookInput,
  WebhookPatch,
} from './definition/webhook-input.js';
export { RegistryDirectory, type WebhookHistory } from './directory/registry-directory.js';
export type { FunctionInput, QuestionInput } from './functions/declared-function.js';
export type {
  EventFilter,
  EventTransform,
  SenderAnswer,
  SenderHook,
  SignedRequest,
  TokenNeed,
  TokenResolver,
} from './functions/webhook-functions.js';
export { RegistryBootstrap } from './registry-bootstrap.service.js';
export { type RegistryAsyncSetup, RegistryModule, type RegistrySetup } from './registry.module.js';
export { type RegistryOptions, type VanishedPolicy } from './registry.options.js';
export { isSelected } from './matching/selection.js';
export { type SourceEvent, sourceEventOf } from './source-event.js';
export {
  secretRef,
  type SecretInput,
  type SecretReference,
} from './definition/secret-reference.js';
export type { SecretRequest, SecretResolver } from './secrets/secret-resolver.js';
export { KeyRing } from './secrets/key-ring.js';
export type { EncryptionKey } from './secrets/key-usage.js';
export type { SigningKey, VerificationKeys } from './signing-keys.js';
export { type CommandResult, type ExecuteOptions, WebhookRecorded } from './webhook-writer.js';
export {
  type CommandOptions,
  type RegisterOptions,
  type RotateOptions,
  WebhooksService,
} from './webhooks.service.js';
export {
  type MatchableEvent,
  type RateLimit,
  type RetryPolicy,
  type SourceSelection,
  WEBHOOK_DIRECTORY,
  type WebhookCredentials,
  type WebhookDirectory,
} from './webhook.js';
export type {
  AuthOf,
  TlsOf,
  CodeSecret,
  EncryptedSecret,
  EnvelopeKind,
  FieldChange,
  OrderingPolicy,
  RegistryKeyChecked,
  RegistryPointer,
  ReferredSecret,
  ResealedSecret,
  SealedText,
  SigningKind,
  SigningPolicy,
  SigningProfile,
  StartFrom,
  StoredAuth,
  StoredFunction,
  StoredQuestion,
  StoredSecret,
  WebhookDefinitionRecord,
  WebhookEvent,
  WebhookOwner,
  WebhookStatus,
} from './webhook.events.js';
