import { jest } from '@jest/globals';
import type { GetStore, OpenStore } from './open-store.js';
import { describeDelivery } from './persistent-delivery.contract.js';
import { describeGroups } from './persistent-groups.contract.js';
import { describeParkedMessages } from './persistent-parked.contract.js';
import { describeRestarts } from './persistent-restart.contract.js';

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
