import { randomUUID } from 'node:crypto';
import { jest } from '@jest/globals';
import { jsonEvent } from '@eventstore/db-client';
import type { StartFrom } from '../../src/index.js';
import { DeliveryWorld, type Life } from '../support/delivery-world.js';
import type { FaultPoint } from '../support/fault-point.js';

/** Each test starts the whole application, some of them twice, on a machine that may be busy. */
jest.setTimeout(60_000);

describe('the history that a webhook asks for', () => {
  let world: DeliveryWorld;
  /** The streams of one test: a server that the suites run against holds those of others too. */
  let category: string;

  beforeEach(async () => {
    world = await DeliveryWorld.create();
    category = `order${randomUUID().slice(0, 8)}`;
  });

  afterEach(async () => {
    await world.end();
  });

  const receivedEventIds = (): string[] =>
    world.receiver
      .at('/late')
      .map(({ body }) => (JSON.parse(body) as { metadata: { eventId: string } }).metadata.eventId);

  async function appendMany(count: number): Promise<string[]> {
    const ids = Array.from({ length: count }, () => randomUUID());
    const events = ids.map((id) => jsonEvent({ id, type: 'order.placed', data: {} }));
    await world.store.client.appendToStream(`${category}-${randomUUID()}`, events);
    return ids;
  }

  const append = async (): Promise<string> => (await appendMany(1))[0] ?? '';

  /** Registers the webhook for `order.*` in the streams of this test. */
  function register(life: Life, startFrom?: StartFrom): Promise<void> {
    return world.register(life, 'late', (webhook) => {
      webhook.fromCategory(category);
      if (startFrom) webhook.startFrom(startFrom);
    });
  }

  it('from the beginning is delivered once each, and meets what is new without gap', async () => {
    const life = await world.start();
    const past = await appendMany(30);
    await register(life, 'beginning');
    const present = await appendMany(5);

    await world.untilRecorded(35, 'DeliverySucceeded');

    expect(receivedEventIds().sort()).toEqual([...past, ...present].sort());
  });

  it('from a position begins there', async () => {
    const life = await world.start();
    await appendMany(3);
    const wanted = await append();
    let position = '';
    for await (const { event } of world.store.client.readAll()) {
      if (event?.id === wanted) position = event.position.commit.toString();
    }
    await register(life, { position });

    await world.untilRecorded(1, 'DeliverySucceeded');
    const after = await append();
    await world.untilRecorded(2, 'DeliverySucceeded');

    expect(receivedEventIds().sort()).toEqual([wanted, after].sort());
  });

  it('is not delivered when nothing is said: a webhook starts now', async () => {
    const life = await world.start();
    await appendMany(3);
    await register(life);
    const present = await append();

    await world.untilRecorded(1, 'DeliverySucceeded');

    expect(receivedEventIds()).toEqual([present]);
  });

  it.each<[string, FaultPoint]>([
    ['while a page is recorded', { eventType: 'DeliveryScheduled', when: 'after', occurrence: 10 }],
    ['before the progress is recorded', { eventType: 'ReplayAdvanced', when: 'before' }],
    ['after the progress is recorded', { eventType: 'ReplayAdvanced', when: 'after' }],
    ['before its end is recorded', { eventType: 'ReplayCompleted', when: 'before' }],
  ])('goes on after a kill %s, and delivers nothing twice', async (_name, fault) => {
    const first = await world.start();
    // More than one page of the log, so that progress is recorded on the way.
    const past = await appendMany(600);
    first.store.stopAt(fault);
    void register(first, 'beginning').catch(() => undefined);
    await first.store.stopped;

    await world.start();
    const deliveries = await world.untilRecorded(past.length, 'DeliverySucceeded');

    expect(deliveries).toHaveLength(past.length);
    for (const events of deliveries) {
      expect(events.filter(({ type }) => type === 'DeliveryScheduled')).toHaveLength(1);
      expect(events.filter(({ type }) => type === 'DeliverySucceeded')).toHaveLength(1);
    }
  });
});
