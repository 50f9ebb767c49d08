/**
 * Posthorn: event-sourced webhooks for NestJS. This is everything that an application may use; what is not exported here
 * may change at any time.
 *
 * @packageDocumentation
 */

// The module and its settings
export { PosthornModule } from './posthorn.module.js';
export type { PosthornAsyncOptions, PosthornFaces, PosthornOptions } from './posthorn.options.js';
export type { PosthornConfig, VanishedPolicy } from './config/posthorn-config.js';
export type { PosthornConfigOptions } from './config/load-config.js';
export { PosthornHealth } from './wiring/health.service.js';

// Webhooks: declared, registered, changed
export {
  type AuthInput,
  type ClientCertificateInput,
  type TlsInput,
  type OAuth2Input,
  ChangeWebhook,
  type CommandOptions,
  type CommandResult,
  DefinitionBuilder,
  DisableWebhook,
  type EnvelopeKind,
  type EventFilter,
  type EventTransform,
  type SenderAnswer,
  type SenderHook,
  type SignedRequest,
  type TokenNeed,
  type TokenResolver,
  type EventTypeClass,
  type EventTypeSource,
  type FunctionInput,
  type EncryptionKey,
  secretRef,
  type SecretInput,
  type SecretReference,
  type SecretRequest,
  type SecretResolver,
  type HeaderInput,
  PauseWebhook,
  type QuestionInput,
  type RegisterOptions,
  RegisterWebhook,
  RemoveWebhook,
  ResumeWebhook,
  type RateLimit,
  type RetryPolicy,
  RevokeWebhookSecret,
  type RotateOptions,
  RotateWebhookSecret,
  type OrderingInput,
  type OrderingPolicy,
  type SigningInput,
  type SigningKey,
  type SigningKind,
  type SigningPolicy,
  type SigningProfile,
  type SigningProfileInput,
  type SourceEvent,
  type SourceSelection,
  type StartFrom,
  type VerificationKeys,
  Webhook,
  type WebhookDeclaration,
  type WebhookDefinition,
  type WebhookInput,
  type WebhookPatch,
  WebhookRecorded,
  WebhooksService,
  type WebhookStatus,
} from '../modules/registry/index.js';

// Deliveries: commands, and what is published on the EventBus
export {
  type AttemptRecord,
  type DeadLetterReason,
  DeliveryAttempted,
  DeliveryClaimed,
  type DeliveryCommandResult,
  DeliveryDeadLettered,
  DeliveryDiscarded,
  DeliveryPostponed,
  type DeliveryEvent,
  type DeliveryOrigin,
  DeliveryReplayRequested,
  DeliveryScheduled,
  type DeliveryStatus,
  DeliverySucceeded,
  DiscardDelivery,
  type EndpointEvent,
  EndpointFailing,
  EndpointRecovered,
  GetLane,
  type LaneStatus,
  type EndpointStage,
  ReplayDelivery,
  type TestCallResult,
  TestWebhook,
} from '../modules/delivery/index.js';

// What never arrived, and up to where that is known
export { type AuditStatus, GetAudit, type UnresolvedStretch } from '../modules/reconciler/index.js';

// Replays of history and of dead letters
export {
  CancelReplay,
  ChangeReplayRate,
  type DeadLetterFilter,
  GetReplay,
  GetReplays,
  type GetReplaysOptions,
  PauseReplay,
  type ReplayCommandOptions,
  type ReplayCommandResult,
  ReplayDeadLetters,
  type ReplayDeadLettersRequest,
  type ReplayedHistory,
  type ReplayEvent,
  type ReplayFrom,
  type ReplayItem,
  type ReplayMode,
  type ReplayProgressItem,
  ReplayRecorded,
  type ReplaySource,
  type ReplaysPage,
  ReplaysService,
  type ReplayStatus,
  type ReplayTo,
  ResumeReplay,
  StartReplay,
  type StartReplayRequest,
} from '../modules/replay/index.js';

// Queries
export {
  type AttemptItem,
  type DeadLetterItem,
  type DeadLettersPage,
  type DeliveriesPage,
  type DeliveryDetails,
  type DeliveryItem,
  type EndpointHealth,
  GetDeadLetters,
  type GetDeadLettersOptions,
  GetDeliveries,
  type GetDeliveriesOptions,
  GetDelivery,
  GetEndpointHealth,
  type GetEndpointHealthOptions,
  GetUndelivered,
  type GetUndeliveredOptions,
  GetWebhook,
  GetWebhooks,
  type GetWebhooksOptions,
  ReadModels,
  type WebhookItem,
  type WebhooksPage,
} from '../projections/index.js';

// Requests to URLs that somebody else chose, under the rules of deliveries
export {
  EGRESS_FETCH,
  type EgressFetch,
  type EgressFetchInit,
  SendFailure,
  TransformedBody,
  type TransformedBodyOptions,
} from '../modules/sending/index.js';

// The event store
export { type EventData, jsonEvent } from '@eventstore/db-client';
export {
  EVENT_STORE,
  EVENT_STORE_CLIENT,
  type EventStore,
  type EventStoreClient,
  type EventStoreStatus,
} from '../modules/event-store/index.js';
export type { TenantResolver } from '../modules/tenancy/index.js';

// For the other side
export {
  type ReceivedWebhook,
  receiveWebhook,
  type SignatureProfile,
  verifyWebhook,
  type VerifyWebhookOptions,
  type WebhookHeaders,
  type WebhookVerification,
  type WebhookVerificationCode,
  WebhookVerificationError,
} from '../modules/receiver/index.js';

// Errors, and time for tests
export {
  type Clock,
  ERROR_REGISTRY,
  type ErrorCode,
  type FieldProblem,
  isPosthornError,
  ManualClock,
  PosthornError,
} from '../modules/kernel/index.js';
