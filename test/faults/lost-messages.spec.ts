import { jest } from '@jest/globals';
import { Reconciler } from '../../modules/reconciler/index.js';
import { DeliveryWorld, type Life } from '../support/delivery-world.js';
import { type FaultRates, FaultyStore } from '../support/faulty-store.js';
import { SeededRandom } from '../support/seeded-random.js';

/** Each test starts the whole application, some of them twice, on a machine that may be busy. */
jest.setTimeout(120_000);

const WEBHOOKS = ['a', 'b'] as const;
const TERMINAL = ['DeliverySucceeded', 'DeliveryDeadLettered', 'DeliveryDiscarded'];
const SEED = Number(process.env['POSTHORN_FAULT_SEED'] ?? Date.now() % 1_000_000);

interface Received {
  readonly webhookId: string;
  readonly eventId: string;
}

describe(`what the consumer group loses (seed ${SEED})`, () => {
  let world: DeliveryWorld;
  let store: FaultyStore;

  beforeEach(async () => {
    world = await DeliveryWorld.create();
  });
  afterEach(async () => {
    store.heal();
    await store.settled();
    await world.end();
  });

  function meet(rates: FaultRates, capabilities = {}): void {
    store = new FaultyStore({
      store: world.store,
      groupName: world.names.groupName,
      random: new SeededRandom(SEED),
      rates,
      capabilities,
    });
    world.store = store;
  }

  async function startWithWebhooks(): Promise<Life> {
    const life = await world.start();
    for (const id of WEBHOOKS) await world.register(life, id);
    return life;
  }

  /** Appends events one after the other, with time between them for what happens to go wrong. @returns their ids */
  async function appendSlowly(count: number): Promise<string[]> {
    const ids: string[] = [];
    for (let number = 0; number < count; number++) {
      ids.push(await world.append({ number }));
      await new Promise(setImmediate);
    }
    return ids;
  }

  /** Position of the last event of the application. */
  async function lastPosition(eventIds: readonly string[]): Promise<bigint> {
    let last = 0n;
    for await (const { event } of world.store.client.readAll()) {
      if (event && eventIds.includes(event.id)) last = event.position.commit;
    }
    return last;
  }

  async function untilAudited(lives: readonly Life[], eventIds: readonly string[]): Promise<void> {
    const end = await lastPosition(eventIds);
    const isAudited = ({ app }: Life): boolean =>
      (app.get(Reconciler).health.auditedPosition ?? -1n) >= end;
    while (!lives.some(isAudited)) await new Promise(setImmediate);
  }

  /** Every event ended once for every webhook: what the log itself says. */
  async function expectExactLedger(eventIds: readonly string[]): Promise<void> {
    const streams = await world.untilRecorded(eventIds.length * WEBHOOKS.length, ...ENDS);
    const ended = streams.map((events) => {
      const origins = events.flatMap(({ data }) => ('origin' in data ? [data.origin] : []));
      const ends = events.filter(({ type }) => TERMINAL.includes(type));
      return { key: `${origins[0]?.webhookId} ${origins[0]?.eventId}`, ends: ends.length };
    });
    const expected = eventIds.flatMap((id) => WEBHOOKS.map((webhook) => `${webhook} ${id}`));
    expect(ended.map(({ key }) => key).sort()).toEqual(expected.sort());
    expect(ended.filter(({ ends }) => ends !== 1)).toEqual([]);
  }

  const ENDS = ['DeliverySucceeded', 'DeliveryDeadLettered', 'DeliveryDiscarded'] as const;

  function received(): Received[] {
    return world.receiver.requests.map(({ path, body }) => ({
      webhookId: path.slice(1),
      eventId: (JSON.parse(body) as { metadata: { eventId: string } }).metadata.eventId,
    }));
  }

  /** What came more often than the faults that its event met can explain. */
  function unexcused(): Received[] {
    const seen = new Map<string, number>();
    return received().filter(({ webhookId, eventId }) => {
      const key = `${webhookId} ${eventId}`;
      const times = (seen.get(key) ?? 0) + 1;
      seen.set(key, times);
      return times > 1 + (store.excuses.get(eventId) ?? 0);
    });
  }

  it.each<[string, FaultRates]>([
    ['messages that are lost', { lose: 0.3 }],
    ['messages that come twice', { repeat: 0.3 }],
    ['messages that come late, in another order', { delay: 0.6 }],
    ['connections that are lost', { disconnect: 0.05 }],
    ['a group that is deleted', { forget: 0.03 }],
    ['a group that is created ahead of its backlog', { leapAhead: 0.03 }],
    [
      'all of it at once',
      { lose: 0.1, repeat: 0.1, delay: 0.2, disconnect: 0.02, forget: 0.01, leapAhead: 0.01 },
    ],
  ])('is found: with %s, every event ends once for every webhook', async (_name, rates) => {
    meet(rates);
    const life = await startWithWebhooks();
    const eventIds = await appendSlowly(120);

    await expectExactLedger(eventIds);
    store.heal();
    await untilAudited([life], eventIds);

    await expectExactLedger(eventIds);
    expect(unexcused()).toEqual([]);
    expect(Object.values(store.counts).some((count) => count > 0)).toBe(true);
    expect(life.app.get(Reconciler).health).toMatchObject({ unresolved: 0, error: null });
  });

  it('is delivered once, not twice, when it was only lost', async () => {
    meet({ lose: 0.5 });
    const life = await startWithWebhooks();
    const eventIds = await appendSlowly(60);

    await expectExactLedger(eventIds);

    expect(received()).toHaveLength(eventIds.length * WEBHOOKS.length);
    expect(life.app.get(Reconciler).health.reconciled).toBe(store.counts.lost * WEBHOOKS.length);
  });

  it('is found without a filter on the server, by one of two instances', async () => {
    meet(
      { lose: 0.1, repeat: 0.1, delay: 0.2, disconnect: 0.02, forget: 0.01, leapAhead: 0.01 },
      { hasSafeServerSideFilter: false, isExclusive: false },
    );
    const lives = [await startWithWebhooks(), await world.start()];
    const eventIds = await appendSlowly(200);

    await expectExactLedger(eventIds);
    store.heal();
    await untilAudited(lives, eventIds);

    await expectExactLedger(eventIds);
    expect(unexcused()).toEqual([]);
  });

  it('while a webhook is paused is held for it, and delivered once it is resumed', async () => {
    meet({ lose: 1 });
    const life = await startWithWebhooks();
    await life.webhooks.pause('a');
    const eventIds = await appendSlowly(5);
    await untilAudited([life], eventIds);
    await world.untilRecorded(eventIds.length, 'DeliverySucceeded');
    expect(received().map(({ webhookId }) => webhookId)).toEqual(eventIds.map(() => 'b'));

    await life.webhooks.resume('a');

    await expectExactLedger(eventIds);
  });

  it('is not delivered to a webhook that was removed since', async () => {
    meet({ lose: 1 });
    const life = await startWithWebhooks();
    const eventIds = await appendSlowly(5);
    await life.webhooks.remove('a');
    await untilAudited([life], eventIds);

    await world.untilRecorded(eventIds.length, 'DeliverySucceeded');

    expect(received().map(({ webhookId }) => webhookId)).toEqual(eventIds.map(() => 'b'));
    expect((await world.recorded()).size).toBe(eventIds.length);
  });

  it('is matched against what a webhook asked for when it happened, not since', async () => {
    meet({ lose: 1 });
    const life = await world.start();
    const early = await appendSlowly(3);
    for (const id of WEBHOOKS) await world.register(life, id);
    const eventIds = await appendSlowly(3);
    await life.webhooks.change('a', { eventTypes: ['something.else'] });
    const late = await appendSlowly(3);
    await untilAudited([life], [...early, ...eventIds, ...late]);
    await world.untilRecorded(9, 'DeliverySucceeded');

    const of = (webhook: string): string[] =>
      received()
        .filter(({ webhookId }) => webhookId === webhook)
        .map(({ eventId }) => eventId);
    expect(of('a').sort()).toEqual([...eventIds].sort());
    expect(of('b').sort()).toEqual([...eventIds, ...late].sort());
  });

  it('is found after the instance that audited was killed', async () => {
    meet({ lose: 1 });
    const first = await startWithWebhooks();
    const eventIds = await appendSlowly(20);
    first.store.stopNow();

    const second = await world.start();
    eventIds.push(...(await appendSlowly(20)));

    await expectExactLedger(eventIds);
    await untilAudited([second], eventIds);
    expect(received().length).toBeGreaterThanOrEqual(eventIds.length * WEBHOOKS.length);
  });
});
