export {
  EVENT_STORE,
  EVENT_STORE_CLIENT,
  type EventStore,
  type EventStoreCapabilities,
  type EventStoreClient,
} from './event-store-client.js';
export { formatPosition, isRealPosition, parsePosition } from './position.js';
export { DEFAULT_STREAM_PREFIX, StreamNames } from './stream-names.js';
