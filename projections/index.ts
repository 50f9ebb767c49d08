export {
  GetDeadLetters,
  type GetDeadLettersOptions,
  type DeadLetterItem,
  type DeadLettersPage,
  type FinalError,
} from './deliveries/get-dead-letters.query.js';
export {
  GetDeliveries,
  type GetDeliveriesOptions,
  type DeliveriesPage,
} from './deliveries/get-deliveries.query.js';
export {
  GetDelivery,
  type AttemptItem,
  type DecisionItem,
  type DeliveryDetails,
} from './deliveries/get-delivery.query.js';
export { GetUndelivered, type GetUndeliveredOptions } from './deliveries/get-undelivered.query.js';
export type { DeliveryItem } from './deliveries/delivery-item.js';
export {
  GetEndpointHealth,
  type GetEndpointHealthOptions,
  type EndpointFigures,
  type EndpointHealth,
  type EndpointHour,
} from './endpoint-health/get-endpoint-health.query.js';
export {
  ProjectionsModule,
  type ProjectionsModuleAsyncOptions,
  type ProjectionsModuleOptions,
} from './projections.module.js';
export type { PageRequest } from './runtime/page.js';
export type { ProjectionLag, ReadModelState } from './runtime/projection-runner.js';
export type { ReadModelOptions } from './runtime/read-model.options.js';
export { type Freshness, type ReadModelHealth, ReadModels } from './runtime/read-models.js';
export { GetWebhook } from './webhooks/get-webhook.query.js';
export {
  GetWebhookRevisions,
  type WebhookRevision,
} from './webhooks/get-webhook-revisions.query.js';
export {
  GetWebhooks,
  type GetWebhooksOptions,
  type WebhooksPage,
} from './webhooks/get-webhooks.query.js';
export type { MaskedDefinition, MaskedSecret } from './webhooks/masked-definition.js';
export type { WebhookItem } from './webhooks/webhook-item.js';
