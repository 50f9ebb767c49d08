import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import { WireStore } from '../../../test/support/wire-store.js';
import { SystemClock } from '../../kernel/index.js';
import { connectEventStore } from '../connect-event-store.js';
import type { EventStore } from '../event-store-client.js';

/** Some of them fit exactly into what lies between the connection and the reader. */
const LENGTHS = Array.from({ length: 50 }, (_, index) => index + 1);

describe("a read through the application's own client", () => {
  let server: WireStore;
  let client: EventStoreDBClient;
  let store: EventStore;

  beforeEach(async () => {
    server = await WireStore.open();
    client = EventStoreDBClient.connectionString(server.connectionString);
    store = await connectEventStore({ client, groupName: 'posthorn', clock: new SystemClock() });
    const events = LENGTHS.map((number) => jsonEvent({ type: 'placed', data: { number } }));
    await client.appendToStream('orders', events);
  });
  afterEach(async () => {
    await store.close();
    await server.close();
  });

  /** Resolves when all that was asked for before has been answered. */
  async function roundTrip(): Promise<void> {
    await client.readStream('orders', { maxCount: 1 }).toArray();
  }

  async function leaveAfterFirst(maxCount: number): Promise<void> {
    for await (const { event } of store.client.readStream('orders', { maxCount })) {
      await roundTrip();
      if (event) break;
    }
  }

  async function leaveAtOnce(maxCount: number): Promise<void> {
    store.client.readStream('orders', { maxCount }).destroy();
    await roundTrip();
  }

  it.each([
    ['after its first event', leaveAfterFirst],
    ['before it began', leaveAtOnce],
  ])('that is left %s does not keep the application from disposing of it', async (_name, leave) => {
    for (const maxCount of LENGTHS) await leave(maxCount);
    await store.close();

    await client.dispose();

    expect(await client.readStream('orders').toArray()).toHaveLength(LENGTHS.length);
  });
});
