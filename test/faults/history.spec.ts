import { jest } from '@jest/globals';
import { DeliveryWorld } from '../support/delivery-world.js';
import type { FaultPoint } from '../support/fault-point.js';

/** Each test starts the whole application, some of them twice, on a machine that may be busy. */
jest.setTimeout(60_000);

describe('the history that a webhook asks for', () => {
  let world: DeliveryWorld;

  beforeEach(async () => {
    world = await DeliveryWorld.create();
  });

  afterEach(async () => {
    await world.end();
  });

  const receivedEventIds = (): string[] =>
    world.receiver
      .at('/late')
      .map(({ body }) => (JSON.parse(body) as { metadata: { eventId: string } }).metadata.eventId);

  async function appendMany(count: number): Promise<string[]> {
    const ids: string[] = [];
    for (let number = 0; number < count; number++) ids.push(await world.append({ number }));
    return ids;
  }

  it('from the beginning is delivered once each, and meets what is new without gap', async () => {
    const life = await world.start();
    const past = await appendMany(30);
    await world.register(life, 'late', (webhook) => webhook.startFrom('beginning'));
    const present = await appendMany(5);

    await world.untilRecorded(35, 'DeliverySucceeded');

    expect(receivedEventIds().sort()).toEqual([...past, ...present].sort());
  });

  it('from a position begins there', async () => {
    const life = await world.start();
    await appendMany(3);
    const wanted = await world.append();
    let position = '';
    for await (const { event } of world.store.client.readAll()) {
      if (event?.id === wanted) position = event.position.commit.toString();
    }
    await world.register(life, 'late', (webhook) => webhook.startFrom({ position }));

    await world.untilRecorded(1, 'DeliverySucceeded');
    const after = await world.append();
    await world.untilRecorded(2, 'DeliverySucceeded');

    expect(receivedEventIds().sort()).toEqual([wanted, after].sort());
  });

  it('is not delivered when nothing is said: a webhook starts now', async () => {
    const life = await world.start();
    await appendMany(3);
    await world.register(life, 'late');
    const present = await world.append();

    await world.untilRecorded(1, 'DeliverySucceeded');

    expect(receivedEventIds()).toEqual([present]);
  });

  it.each<[string, FaultPoint]>([
    ['while a page is recorded', { eventType: 'DeliveryScheduled', when: 'after', occurrence: 10 }],
    ['before the progress is recorded', { eventType: 'BackfillAdvanced', when: 'before' }],
    ['after the progress is recorded', { eventType: 'BackfillAdvanced', when: 'after' }],
    ['before its end is recorded', { eventType: 'BackfillCompleted', when: 'before' }],
  ])('goes on after a kill %s, and delivers nothing twice', async (_name, fault) => {
    const first = await world.start();
    // More than one page of the log, so that progress is recorded on the way.
    const past = await appendMany(600);
    first.store.stopAt(fault);
    void world
      .register(first, 'late', (webhook) => webhook.startFrom('beginning'))
      .catch(() => undefined);
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
