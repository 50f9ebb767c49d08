import type { EventStoreClient } from '../../modules/event-store/index.js';

/** An event store under test. */
export interface OpenStore {
  /** A client of the store as it runs now. */
  readonly client: EventStoreClient;
  /** Ends the store and starts it again on the same data. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** The store of the running test. */
export type GetStore = () => OpenStore;
