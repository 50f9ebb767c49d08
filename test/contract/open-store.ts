import type { EventStoreClient } from '../../modules/event-store/index.js';

/** An event store under test. */
export interface OpenStore {
  /** A client of the store as it runs now. */
  readonly client: EventStoreClient;
  close(): Promise<void>;
}

/** One that the test may end. */
export interface RestartableStore extends OpenStore {
  /** Ends the store and starts it again on the same data. */
  restart(): Promise<void>;
}

/** The store of the running test. */
export type GetStore = () => OpenStore;

/** The store of the running test, which may be ended. */
export type GetRestartableStore = () => RestartableStore;
