export {
  EVENT_STORE,
  EVENT_STORE_CLIENT,
  type EventStore,
  type EventStoreCapabilities,
  type EventStoreClient,
  type EventStoreStatus,
} from './event-store-client.js';
export {
  connectEventStore,
  type ConnectEventStoreOptions,
  connectionStringProblems,
} from './connect-event-store.js';
export {
  EventStoreModule,
  type EventStoreModuleAsyncOptions,
  type EventStoreModuleOptions,
} from './event-store.module.js';
export {
  type EmbeddedEventStore,
  type EmbeddedEventStoreOptions,
  openEmbeddedEventStore,
} from './open-embedded-event-store.js';
export {
  type ServedEventStore,
  type ServedEventStoreOptions,
  serveEventStore,
} from './serve-event-store.js';
export { formatPosition, isRealPosition, parsePosition } from './position.js';
export { STREAM_NAMES, StreamNames } from './stream-names.js';
export { isClientError } from './client-error.js';
export {
  appendCertainly,
  type CertainAppendOptions,
  type CertainAppendOutcome,
  isOutcomeUnknown,
  newEvents,
} from './certain-append.js';
export {
  HeldLease,
  LeasedCheckpoint,
  type LeasedCheckpointOptions,
  type LeaseEvent,
} from './leased-checkpoint.js';
export { canonicalJsonOf } from './in-process/recorded-event.js';
export { type LogPage, type LogRange, readLogPage } from './log-page.js';
