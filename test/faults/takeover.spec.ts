import { jest } from '@jest/globals';
import type { DeliveryEvent } from '../../modules/delivery/index.js';
import type { EventStore } from '../../modules/event-store/index.js';
import { DeliveryWorld, type Life } from '../support/delivery-world.js';
import type { FaultPoint } from '../support/fault-point.js';
import { HeldAppends } from '../support/held-appends.js';
import { QuickClock, sharedStore } from '../support/shared-store.js';

/** Each test starts the whole application several times, on a machine that may be busy. */
jest.setTimeout(90_000);

const TERMINAL = ['DeliverySucceeded', 'DeliveryDeadLettered'] as const;

const typesOf = (events: readonly DeliveryEvent[]): string[] => events.map(({ type }) => type);

function attemptsOf(events: readonly DeliveryEvent[]) {
  return events.flatMap((event) => (event.type === 'DeliveryAttempted' ? [event.data] : []));
}

/** What every story must come to: one end, and every recorded attempt numbered. */
function expectOneEnd(events: readonly DeliveryEvent[]): void {
  const ends = typesOf(events).filter((type) => (TERMINAL as readonly string[]).includes(type));
  expect(ends).toHaveLength(1);
  const numbers = attemptsOf(events).map(({ number }) => number);
  expect(numbers).toEqual(numbers.map((_number, index) => index + 1));
}

describe('while another instance runs beside it', () => {
  /** What takes ten seconds takes one. */
  const clock = new QuickClock(10);
  let world: DeliveryWorld;
  let store: EventStore;

  beforeEach(async () => {
    world = await DeliveryWorld.create();
    store = sharedStore(world.store);
    world.store = store;
  });

  afterEach(async () => {
    await world.end();
  });

  /** An instance that alone receives events: those that come after it may only take over. */
  async function startFirst(options: { inlineWindowMs?: number } = {}): Promise<Life> {
    return world.start({ clock, inlineWindowMs: 30_000, ...options });
  }

  const startBeside = (): Promise<Life> => world.start({ clock, inlineWindowMs: 30_000 });

  async function recordedOf(): Promise<DeliveryEvent[]> {
    const [events] = [...(await world.recorded()).values()];
    return events ?? [];
  }

  async function untilRecorded(
    isMet: (events: DeliveryEvent[]) => boolean,
  ): Promise<DeliveryEvent[]> {
    for (;;) {
      const events = await recordedOf();
      if (isMet(events)) return events;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  describe('an instance that stops while it retries', () => {
    /** Given a retry that is due at an instance which stops at `fault`, when another one runs. */
    async function stoppedAt(fault: FaultPoint): Promise<DeliveryEvent[]> {
      world.receiver.behave('/a', (_request, response, count) => {
        response.writeHead(count === 1 ? 503 : 204).end();
      });
      const first = await startFirst();
      await world.register(first, 'a', (webhook) =>
        webhook.withTimeout(1_000).withRetry({ kind: 'fixed', attempts: 9, delayMs: 10_000 }),
      );
      await world.append();
      await world.untilRecorded(1, 'DeliveryAttempted');
      first.store.stopAt(fault);
      await startBeside();
      await first.store.stopped;
      const [events] = await world.untilRecorded(1, ...TERMINAL);
      return events ?? [];
    }

    it('before its claim, is taken over after its time to claim', async () => {
      const events = await stoppedAt({ eventType: 'DeliveryClaimed', when: 'before' });

      expectOneEnd(events);
      expect(typesOf(events)).toEqual([
        'DeliveryAttempted',
        'DeliveryClaimed',
        'DeliveryAttempted',
        'DeliverySucceeded',
      ]);
      expect(world.receiver.at('/a')).toHaveLength(2);
    });

    it('after its claim, is taken over when the lease has run out', async () => {
      const events = await stoppedAt({ eventType: 'DeliveryClaimed', when: 'after' });

      expectOneEnd(events);
      expect(typesOf(events).filter((type) => type === 'DeliveryClaimed').length).toBe(2);
      expect(world.receiver.at('/a')).toHaveLength(2);
    });

    it('before its outcome is recorded, leaves an attempt that is made once more', async () => {
      const events = await stoppedAt({ eventType: 'DeliverySucceeded', when: 'before' });

      expectOneEnd(events);
      expect(attemptsOf(events)).toHaveLength(2);
      expect(world.receiver.at('/a')).toHaveLength(3);
      expect(new Set(world.receiver.at('/a').map(({ webhookId }) => webhookId)).size).toBe(1);
    });

    it('after its outcome is recorded, leaves nothing to do', async () => {
      const events = await stoppedAt({ eventType: 'DeliverySucceeded', when: 'after' });
      await world.append();
      await world.untilRecorded(2, ...TERMINAL);

      expectOneEnd(events);
      const [first] = world.receiver.at('/a');
      const sent = world.receiver
        .at('/a')
        .filter(({ webhookId }) => webhookId === first?.webhookId);
      expect(sent).toHaveLength(2);
    });
  });

  describe('an instance that stops while it makes the first attempt', () => {
    async function stoppedAt(
      fault: FaultPoint,
      options: { inlineWindowMs?: number } = {},
    ): Promise<DeliveryEvent[]> {
      let isHung = options.inlineWindowMs !== undefined;
      world.receiver.behave('/a', (_request, response) => {
        if (!isHung) response.writeHead(204).end();
      });
      const first = await startFirst(options);
      await world.register(first, 'a', (webhook) => webhook.withTimeout(5_000));
      first.store.stopAt(fault);
      await world.append();
      await first.store.stopped;
      isHung = false;
      await startBeside();
      const [events] = await world.untilRecorded(1, ...TERMINAL);
      return events ?? [];
    }

    it('before its outcome is recorded, is followed by one that receives the event again', async () => {
      const events = await stoppedAt({ eventType: 'DeliverySucceeded', when: 'before' });

      expectOneEnd(events);
      expect(typesOf(events)).toEqual(['DeliveryAttempted', 'DeliverySucceeded']);
      expect(world.receiver.at('/a')).toHaveLength(2);
    });

    it('after the hand-over is recorded, is taken over when the lease has run out', async () => {
      const fault = { eventType: 'DeliveryClaimed', when: 'after' } as const;
      const events = await stoppedAt(fault, { inlineWindowMs: 2_000 });

      expectOneEnd(events);
      expect(typesOf(events)).toEqual([
        'DeliveryScheduled',
        'DeliveryClaimed',
        'DeliveryClaimed',
        'DeliveryAttempted',
        'DeliverySucceeded',
      ]);
    });
  });

  describe('an instance whose line to the event store is cut while it retries', () => {
    /**
     * Given a retry whose outcome cannot be recorded, and another instance that has taken it over, made it again and
     * recorded that, when the line is mended.
     */
    async function mended(answers: {
      readonly held: number;
      readonly takenOver: number;
    }): Promise<DeliveryEvent[]> {
      const statuses = [503, answers.held, answers.takenOver];
      world.receiver.behave('/a', (_request, response, count) => {
        response.writeHead(statuses[count - 1] ?? 204).end();
      });
      const line = new HeldAppends(store);
      world.store = line;
      const first = await startFirst();
      world.store = store;
      await world.register(first, 'a', (webhook) =>
        webhook.withTimeout(1_000).withRetry({ kind: 'fixed', attempts: 9, delayMs: 60_000 }),
      );
      await world.append();
      await world.untilRecorded(1, 'DeliveryAttempted');
      const held = line.cut('DeliveryAttempted');
      await startBeside();
      await held;
      await untilRecorded((events) => attemptsOf(events).length === 2);
      line.mend();
      return untilRecorded((events) => attemptsOf(events).length >= 3);
    }

    it('records what it missed as late, when the other one has succeeded', async () => {
      const events = await mended({ held: 204, takenOver: 204 });

      expectOneEnd(events);
      expect(attemptsOf(events).map(({ isLate }) => isLate ?? false)).toEqual([false, false, true]);
      expect(events.at(-1)).toMatchObject({ type: 'DeliveryAttempted', data: { isLate: true } });
    });

    it('records a failure as late as well, which changes nothing', async () => {
      const events = await mended({ held: 503, takenOver: 204 });

      expectOneEnd(events);
      expect(events.at(-1)).toMatchObject({ data: { isLate: true, nextAttemptAt: null } });
    });

    it('ends a run that the other one could not, with a success that was long made', async () => {
      const events = await mended({ held: 204, takenOver: 503 });

      expectOneEnd(events);
      expect(typesOf(events)).toEqual([
        'DeliveryAttempted',
        'DeliveryClaimed',
        'DeliveryClaimed',
        'DeliveryAttempted',
        'DeliveryAttempted',
        'DeliverySucceeded',
      ]);
      expect(world.receiver.at('/a')).toHaveLength(3);
    });

    it('leaves the next attempt where the other one has put it, when both failed', async () => {
      const before = await mended({ held: 503, takenOver: 503 });
      const [events] = await world.untilRecorded(1, 'DeliverySucceeded');

      expect(attemptsOf(before).at(-1)).toMatchObject({ isLate: true, nextAttemptAt: null });
      expectOneEnd(events ?? []);
      expect(world.receiver.at('/a')).toHaveLength(4);
    });
  });

  describe('an instance that is shut down', () => {
    it('hands back what it has not started, and the other one delivers it', async () => {
      world.receiver.behave('/a', async (_request, response) => {
        await new Promise((resolve) => setTimeout(resolve, 30));
        response.writeHead(204).end();
      });
      const first = await startFirst();
      await startBeside();
      await world.register(first, 'a', (webhook) => webhook.withConcurrency(2));
      for (let number = 0; number < 40; number++) await world.append();

      await first.app.close();
      const deliveries = await world.untilRecorded(40, 'DeliverySucceeded');

      expect(deliveries).toHaveLength(40);
      for (const events of deliveries) expectOneEnd(events);
      expect(world.receiver.at('/a')).toHaveLength(40);
    });

    it('aborts a request that outlasts the drain, and the other one makes it again', async () => {
      let isHung = true;
      world.receiver.behave('/a', (_request, response) => {
        if (!isHung) response.writeHead(204).end();
      });
      const first = await startFirst();
      await world.register(first, 'a', (webhook) => webhook.withTimeout(60_000));
      await world.append();
      await world.receiver.until(() => world.receiver.at('/a').length === 1);

      await first.app.close();
      isHung = false;
      const [claimed] = [...(await world.recorded()).values()];
      await startBeside();
      const [events] = await world.untilRecorded(1, 'DeliverySucceeded');

      expect(typesOf(claimed ?? [])).toEqual(['DeliveryScheduled', 'DeliveryClaimed']);
      expectOneEnd(events ?? []);
      expect(world.receiver.at('/a')).toHaveLength(2);
    });
  });
});
