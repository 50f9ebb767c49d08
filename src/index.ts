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
  ChangeWebhook,
  type CommandOptions,
  type CommandResult,
  DefinitionBuilder,
  DisableWebhook,
  type EventTypeClass,
  type EventTypeSource,
  type HeaderInput,
  PauseWebhook,
  type RegisterOptions,
  RegisterWebhook,
  RemoveWebhook,
  ResumeWebhook,
  type RetryPolicy,
  type RotateOptions,
  RotateWebhookSecret,
  type SourceSelection,
  type StartFrom,
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
  type DeadLetterFilter,
  type DeadLetterReason,
  DeliveryAttempted,
  DeliveryClaimed,
  type DeliveryCommandResult,
  DeliveryDeadLettered,
  DeliveryDiscarded,
  type DeliveryEvent,
  type DeliveryOrigin,
  DeliveryReplayRequested,
  DeliveryScheduled,
  type DeliveryStatus,
  DeliverySucceeded,
  DiscardDelivery,
  ReplayDeadLetters,
  ReplayDelivery,
  type TestCallResult,
  TestWebhook,
} from '../modules/delivery/index.js';

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

// The event store
export { type EventData, jsonEvent } from '@eventstore/db-client';
export {
  EVENT_STORE,
  EVENT_STORE_CLIENT,
  type EventStore,
  type EventStoreClient,
} from '../modules/event-store/index.js';
export type { TenantResolver } from '../modules/tenancy/index.js';

// For the other side
export {
  verifyWebhook,
  type VerifyWebhookOptions,
  type WebhookHeaders,
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
