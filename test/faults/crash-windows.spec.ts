import { jest } from '@jest/globals';
import { type DeliveryEvent, ReplayDelivery } from '../../modules/delivery/index.js';
import { ReplayDeadLetters } from '../../modules/replay/index.js';
import { DeliveryWorld } from '../support/delivery-world.js';
import type { FaultPoint } from '../support/fault-point.js';

/** Each test starts the whole application twice, on a machine that may be busy. */
jest.setTimeout(60_000);

const TERMINAL = ['DeliverySucceeded', 'DeliveryDeadLettered'] as const;
const QUICK = { kind: 'list', delaysMs: [10, 10, 10] } as const;

const typesOf = (events: readonly DeliveryEvent[]): string[] => events.map(({ type }) => type);

/** A claim that was taken over leaves no attempt: what was in flight at the kill is known to nobody. */
const endsOf = (events: readonly DeliveryEvent[]): number =>
  events.filter(({ type }) => (TERMINAL as readonly string[]).includes(type)).length;

describe('a process that is killed', () => {
  let world: DeliveryWorld;

  beforeEach(async () => {
    world = await DeliveryWorld.create();
  });

  afterEach(async () => {
    await world.end();
  });

  /** Given one webhook and a process killed at `fault` while it delivers one event, when it starts again. */
  async function killedAt(fault: FaultPoint): Promise<DeliveryEvent[]> {
    const first = await world.start();
    await world.register(first, 'a', (webhook) => webhook.withRetry(QUICK));
    first.store.stopAt(fault);
    await world.append();
    await first.store.stopped;

    await world.start();
    const [events] = await world.untilRecorded(1, ...TERMINAL);
    return events ?? [];
  }

  describe('while an event is delivered at once', () => {
    it('before the outcome is recorded, sends again with the same id', async () => {
      const events = await killedAt({ eventType: 'DeliverySucceeded', when: 'before' });

      expect(typesOf(events)).toEqual(['DeliveryAttempted', 'DeliverySucceeded']);
      const ids = world.receiver.at('/a').map(({ webhookId }) => webhookId);
      expect(ids).toHaveLength(2);
      expect(new Set(ids).size).toBe(1);
    });

    it('after the outcome is recorded and before the event is acknowledged, does not send again', async () => {
      const events = await killedAt({ eventType: 'DeliverySucceeded', when: 'after' });
      await world.append();
      await world.untilRecorded(2, ...TERMINAL);

      expect(typesOf(events)).toEqual(['DeliveryAttempted', 'DeliverySucceeded']);
      expect(world.receiver.at('/a')).toHaveLength(2);
    });

    it('is the same after a restart of the event store, which counts no retries', async () => {
      const first = await world.start();
      await world.register(first, 'a');
      first.store.stopAt({ eventType: 'DeliverySucceeded', when: 'after' });
      await world.append();
      await first.store.stopped;
      await world.restartStore();

      await world.start();
      await world.append();
      await world.untilRecorded(2, ...TERMINAL);

      expect(world.receiver.at('/a')).toHaveLength(2);
    });
  });

  describe('while an endpoint takes longer than the inline window', () => {
    const slow = { inlineWindowMs: 20 };

    async function killedWhileSlow(fault: FaultPoint): Promise<DeliveryEvent[]> {
      let isSlow = true;
      world.receiver.behave('/a', (_request, response) => {
        if (!isSlow) response.writeHead(204).end();
      });
      const first = await world.start(slow, fault);
      await world.register(first, 'a', (webhook) => webhook.withTimeout(60_000));
      await world.append();
      await first.store.stopped;
      isSlow = false;

      // The second life answers within its window, however busy the machine is: what follows is the same each time.
      await world.start({ inlineWindowMs: 30_000 });
      const [events] = await world.untilRecorded(1, ...TERMINAL);
      return events ?? [];
    }

    it('before the hand-over is recorded, takes the event up again', async () => {
      const events = await killedWhileSlow({ eventType: 'DeliveryClaimed', when: 'before' });

      expect(typesOf(events)).toEqual(['DeliveryAttempted', 'DeliverySucceeded']);
    });

    it('after the hand-over is recorded, takes over the claim', async () => {
      const events = await killedWhileSlow({ eventType: 'DeliveryClaimed', when: 'after' });

      expect(typesOf(events)).toEqual([
        'DeliveryScheduled',
        'DeliveryClaimed',
        'DeliveryClaimed',
        'DeliveryAttempted',
        'DeliverySucceeded',
      ]);
    });
  });

  describe('while a delivery is retried', () => {
    beforeEach(() => {
      world.receiver.behave('/a', (_request, response, count) => {
        response.writeHead(count === 1 ? 503 : 204).end();
      });
    });

    it('before the failed attempt is recorded, makes it again', async () => {
      const events = await killedAt({ eventType: 'DeliveryAttempted', when: 'before' });

      // The endpoint has seen a request that nobody recorded: its second answer is the first that is known.
      expect(typesOf(events)).toEqual(['DeliveryAttempted', 'DeliverySucceeded']);
      expect(world.receiver.at('/a')).toHaveLength(2);
    });

    it('after the failed attempt is recorded, retries when it is due', async () => {
      const events = await killedAt({ eventType: 'DeliveryAttempted', when: 'after' });

      expect(typesOf(events)).toEqual([
        'DeliveryAttempted',
        'DeliveryClaimed',
        'DeliveryAttempted',
        'DeliverySucceeded',
      ]);
      expect(world.receiver.at('/a')).toHaveLength(2);
    });

    it('before the claim is recorded, has sent nothing under it', async () => {
      const events = await killedAt({ eventType: 'DeliveryClaimed', when: 'before' });

      expect(endsOf(events)).toBe(1);
      expect(world.receiver.at('/a')).toHaveLength(2);
    });

    it('after the claim is recorded, claims again, and sends at most once more than is recorded', async () => {
      const events = await killedAt({ eventType: 'DeliveryClaimed', when: 'after' });

      expect(typesOf(events).filter((type) => type === 'DeliveryClaimed')).toHaveLength(2);
      expect(endsOf(events)).toBe(1);
    });

    it('before the outcome of the retry is recorded, repeats only that attempt', async () => {
      const events = await killedAt({ eventType: 'DeliverySucceeded', when: 'before' });

      expect(typesOf(events)).toEqual([
        'DeliveryAttempted',
        'DeliveryClaimed',
        'DeliveryClaimed',
        'DeliveryAttempted',
        'DeliverySucceeded',
      ]);
      expect(world.receiver.at('/a')).toHaveLength(3);
      expect(new Set(world.receiver.at('/a').map(({ webhookId }) => webhookId)).size).toBe(1);
    });
  });

  it('in the middle of a fan-out, completes the rest and repeats nothing that is recorded', async () => {
    const first = await world.start();
    for (const id of ['a', 'b', 'c', 'd']) await world.register(first, id);
    first.store.stopAt({ eventType: 'DeliverySucceeded', when: 'after', occurrence: 2 });
    await world.append();
    await first.store.stopped;
    const recordedBefore = await world.recorded();

    await world.start();
    const deliveries = await world.untilRecorded(4, ...TERMINAL);

    expect(deliveries).toHaveLength(4);
    for (const events of deliveries) expect(endsOf(events)).toBe(1);
    for (const [stream, events] of recordedBefore) {
      const id = world.names.deliveryIdOf(stream);
      const sent = world.receiver.requests.filter(({ webhookId }) => webhookId === id);
      expect(sent).toHaveLength(events.length > 0 ? 1 : 0);
    }
  });

  describe('while dead letters are replayed', () => {
    /** Given three dead letters and a process killed at `fault` while it replays them, when it starts again. */
    async function killedWhileReplaying(fault: FaultPoint): Promise<DeliveryEvent[][]> {
      let isDead = true;
      world.receiver.behave('/a', (_request, response) => {
        response.writeHead(isDead ? 400 : 204).end();
      });
      const first = await world.start();
      await world.register(first, 'a');
      for (let number = 0; number < 3; number++) await world.append();
      await world.untilRecorded(3, 'DeliveryDeadLettered');
      isDead = false;
      first.store.stopAt(fault);
      const request = { filter: {}, requestedBy: 'ops', reason: 'mended' };
      void first.commands.execute(new ReplayDeadLetters(request)).catch(() => undefined);
      await first.store.stopped;

      await world.start();
      return world.untilRecorded(3, 'DeliverySucceeded');
    }

    it.each([
      [
        'before the first delivery is asked for',
        { eventType: 'DeliveryReplayRequested', when: 'before' },
      ],
      [
        'after the second delivery is asked for',
        { eventType: 'DeliveryReplayRequested', when: 'after', occurrence: 2 },
      ],
      ['after it was started', { eventType: 'ReplayStarted', when: 'after' }],
      ['before its end is recorded', { eventType: 'ReplayCompleted', when: 'before' }],
    ] as const)('%s, goes on and asks for each once', async (_name, fault) => {
      const deliveries = await killedWhileReplaying(fault);

      expect(deliveries).toHaveLength(3);
      for (const events of deliveries) {
        const replays = typesOf(events).filter((type) => type === 'DeliveryReplayRequested');
        expect(replays).toHaveLength(1);
        expect(endsOf(events)).toBe(2);
      }
    });
  });

  it('between a replay request and its attempt, makes the attempt', async () => {
    const first = await world.start();
    await world.register(first, 'a');
    await world.append();
    const [events] = await world.untilRecorded(1, 'DeliverySucceeded');
    const deliveryId = world.receiver.at('/a')[0]?.webhookId ?? '';
    expect(events).toHaveLength(2);
    first.store.stopAt({ eventType: 'DeliveryReplayRequested', when: 'after' });
    void first.commands
      .execute(new ReplayDelivery({ deliveryId, requestedBy: 'ops' }))
      .catch(() => undefined);
    await first.store.stopped;

    await world.start();
    await world.receiver.until(() => world.receiver.at('/a').length === 2);

    expect(world.receiver.at('/a').map(({ webhookId }) => webhookId)).toEqual([
      deliveryId,
      deliveryId,
    ]);
    expect(JSON.parse(world.receiver.at('/a')[1]?.body ?? '{}')).toMatchObject({
      metadata: { replay: true },
    });
  });
});
