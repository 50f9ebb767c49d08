export { DiscardDelivery, ReplayDelivery, TestWebhook } from './delivery.commands.js';
export type {
  AttemptRecord,
  AttemptTimings,
  AttemptTrigger,
  DeadLetterReason,
  DeliveryEvent,
  DeliveryEventType,
  DeliveryOrder,
  DeliveryOrigin,
  DeliveryStatus,
  ScheduleReason,
} from './delivery.events.js';
export { DeliveryModule, type DeliveryModuleOptions } from './delivery.module.js';
export {
  DeliveryAttempted,
  DeliveryClaimed,
  DeliveryDeadLettered,
  DeliveryDiscarded,
  DeliveryPostponed,
  DeliveryReplayRequested,
  DeliveryScheduled,
  DeliverySucceeded,
} from './delivery.notifications.js';
export { DELIVERY_DEFAULTS, DELIVERY_OPTIONS, type DeliveryOptions } from './delivery.options.js';
export type { DeliveryCommandResult, DeliveryRequest, TestCallResult } from './delivery.service.js';
export { DeliveryEngine, type DeliveryLoad } from './delivery-engine.js';
export { deliveryIdOf, type DeliveryIdentity } from './delivery-id.js';
export type { Dispatch, PastEvent } from './dispatcher.js';
export {
  type ClaimedDelivery,
  type DueChange,
  type DueDeliveries,
  type DueDelivery,
  type DueIndexChanges,
  type OthersPage,
  type OthersQuery,
} from './due-deliveries.port.js';
export { EARLIER_EVENTS, type EarlierEvents, type EventStanding } from './earlier-events.port.js';
export type { EndpointEvent, EndpointStage } from './endpoint.events.js';
export { EndpointFailing, EndpointRecovered } from './endpoint-watch/endpoint.notifications.js';
export { GetLane, type LaneStatus } from './lane.query.js';
export type { HistoryReplay, HistoryReplayAnswer } from './past-events.js';
export { JITTER_FRACTION, LONGEST_RETRY_AFTER_MS, STANDARD_DELAYS_MS } from './retry-schedule.js';
