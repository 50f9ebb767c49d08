import type { EventStoreClient } from '../../modules/event-store/index.js';
import { describeDelivery } from './persistent-delivery.contract.js';
import { describeGroups } from './persistent-groups.contract.js';
import { describeParkedMessages } from './persistent-parked.contract.js';
import { describeRestarts } from './persistent-restart.contract.js';

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

/**
 * How persistent subscriptions behave, on every event store that Posthorn runs on. Each test uses streams and groups of its
 * own, so the store may be shared and need not be empty.
 * @param name of the event store, for the report
 */
export function describePersistentSubscriptions(
  name: string,
  openStore: () => Promise<OpenStore>,
): void {
  describe(`${name}: persistent subscriptions`, () => {
    let store: OpenStore | undefined;
    beforeAll(async () => {
      store = await openStore();
    });
    afterAll(async () => {
      await store?.close();
    });
    const current: GetStore = () => {
      if (!store) throw new Error('The store is not open');
      return store;
    };
    describeGroups(current);
    describeDelivery(current);
    describeParkedMessages(current);
    describeRestarts(current);
  });
}
