import { jest } from '@jest/globals';
import type { OpenStore, RestartableStore } from './open-store.js';
import { describeDelivery } from './persistent-delivery.contract.js';
import { describeGroups } from './persistent-groups.contract.js';
import { describeParkedMessages } from './persistent-parked.contract.js';
import { describeStoreRestarts, describeSubsystemRestarts } from './persistent-restart.contract.js';

/** For tests in which a message has to time out, on a busy machine. */
const DEADLINE_MS = 30_000;

/**
 * How persistent subscriptions behave, on every event store that Posthorn runs on. Each test uses streams and groups of its
 * own, so the store may be shared and need not be empty.
 * @param name of the event store, for the report
 */
export function describePersistentSubscriptions(
  name: string,
  openStore: () => Promise<OpenStore>,
): void {
  jest.setTimeout(DEADLINE_MS);
  describe(`${name}: persistent subscriptions`, () => {
    const store = opened(openStore);
    describeGroups(store);
    describeDelivery(store);
    describeParkedMessages(store);
    describeSubsystemRestarts(store);
  });
}

/** What persistent subscriptions keep when the event store ends and begins again: for those that a test may end. */
export function describeRestarts(name: string, openStore: () => Promise<RestartableStore>): void {
  jest.setTimeout(DEADLINE_MS);
  describe(`${name}: persistent subscriptions`, () => {
    describeStoreRestarts(opened(openStore));
  });
}

function opened<Store extends OpenStore>(openStore: () => Promise<Store>): () => Store {
  let store: Store | undefined;
  beforeAll(async () => {
    store = await openStore();
  });
  afterAll(async () => {
    await store?.close();
  });
  return () => {
    if (!store) throw new Error('The store is not open');
    return store;
  };
}
