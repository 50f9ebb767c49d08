import fc from 'fast-check';
import { fold } from '../kernel/index.js';
import type { Webhook } from '../registry/index.js';
import {
  type AttemptOutcome,
  type DeliveryCommand,
  deliveryDecider,
} from './delivery.aggregate.js';
import { deliveryIdOf } from './delivery-id.js';
import { type DeliveryState, isOpen } from './delivery-state.js';
import type {
  AttemptRecord,
  DeliveryEvent,
  DeliveryOrder,
  DeliveryOrigin,
} from './delivery.events.js';
import type { EventStanding } from './earlier-events.port.js';
import { type PlaceInStream, StreamOrder, type StreamOrderDependencies } from './stream-order.js';

const STREAM = 'order-1';
const webhook = { id: 'orders', registration: 1 } as Webhook;
const attempt = { statusCode: 200 } as AttemptRecord;
const idOf = (number: number): string =>
  deliveryIdOf({ webhookId: 'orders', registration: 1, stream: STREAM, eventId: `e-${number}` });

const OUTCOMES = ['succeed', 'fail', 'refuse'] as const;
const STEPS = ['schedule', 'look', ...OUTCOMES, 'poison', 'discard', 'replay'] as const;
type Step = (typeof STEPS)[number];

/** One stream of events, what each is to the webhook, and the deliveries that are recorded. */
class StreamModel {
  readonly order: StreamOrder;
  /** Events read. */
  reads = 0;
  isAudited = false;
  readonly #standings: readonly EventStanding[];
  readonly #policy: (number: number) => DeliveryOrder | undefined;
  readonly #events = new Map<string, DeliveryEvent[]>();
  #now = 0;

  constructor(
    standings: readonly EventStanding[],
    policy: (number: number) => DeliveryOrder | undefined = () => 'continue',
    truncatedBefore = 0,
  ) {
    this.#standings = standings;
    this.#policy = policy;
    const readStream = (_stream: string, from: { fromRevision: bigint; maxCount: number }) => {
      const last = Math.min(Number(from.fromRevision), standings.length - 1);
      const events = [];
      for (let number = last; number >= truncatedBefore && events.length < from.maxCount; number--)
        events.push({ event: { id: `e-${number}`, streamId: STREAM, revision: BigInt(number) } });
      this.reads += events.length;
      return events;
    };
    this.order = new StreamOrder({
      client: { readStream } as unknown as StreamOrderDependencies['client'],
      journal: {
        load: (id) => Promise.resolve({ state: this.stateOf(id), revision: 'no_stream' }),
      },
      earlier: {
        standingOf: ({ revision }) => standings[Number(revision)] ?? 'other',
        isSettled: () => Promise.resolve(this.isAudited),
      },
    });
  }

  isMember(number: number): boolean {
    return this.#standings[number] === 'member';
  }

  stateOf(id: string): DeliveryState {
    return fold(deliveryDecider, this.#events.get(id) ?? [], deliveryDecider.initialState);
  }

  originOf(number: number): DeliveryOrigin {
    const order = this.#policy(number);
    const recorded = this.stateOf(idOf(number)).origin;
    return (
      recorded ?? {
        ...{ deliveryId: idOf(number), webhookId: 'orders', registration: 1, tenantId: null },
        ...{ eventId: `e-${number}`, eventType: 'OrderPlaced', stream: STREAM },
        ...{ revision: String(number), position: String(number), occurredAt: '' },
        ...(order && { order }),
      }
    );
  }

  place(number: number): Promise<PlaceInStream> {
    return this.order.place(this.originOf(number), webhook);
  }

  /** Whether it has succeeded, been discarded or, with `continue`, become a dead letter at any time. */
  isReleased(number: number): boolean {
    const isContinued = this.originOf(number).order === 'continue';
    return (this.#events.get(idOf(number)) ?? []).some(
      ({ type }) =>
        type === 'DeliverySucceeded' ||
        type === 'DeliveryDiscarded' ||
        (isContinued && type === 'DeliveryDeadLettered'),
    );
  }

  do(number: number, step: Exclude<Step, 'look'>): readonly DeliveryEvent[] {
    this.#now += 1_000_000;
    const id = idOf(number);
    const state = this.stateOf(id);
    if (state.status === 'none' && (step === 'discard' || step === 'replay')) return [];
    if (state.status === 'succeeded' && step === 'discard') return [];
    if (OUTCOMES.some((outcome) => outcome === step)) this.#record(id, this.#claim());
    return this.#record(id, this.#command(number, step, this.stateOf(id)));
  }

  #record(id: string, command: DeliveryCommand): readonly DeliveryEvent[] {
    const events = deliveryDecider.decide(command, this.stateOf(id));
    this.#events.set(id, [...(this.#events.get(id) ?? []), ...events]);
    return events;
  }

  #claim(): DeliveryCommand {
    const claim = { claimId: `c-${this.#now}`, owner: 'i-1', leaseMs: 1 };
    return { kind: 'claim', claim, now: this.#now, lapsed: null };
  }

  #command(number: number, step: Exclude<Step, 'look'>, state: DeliveryState): DeliveryCommand {
    const origin = this.originOf(number);
    const who = { now: this.#now, owner: 'i-1' };
    switch (step) {
      case 'schedule':
        return { kind: 'schedule', origin, reason: 'in-order', ...who };
      case 'discard':
        return { kind: 'discard', now: this.#now, discardedBy: 'ops', reason: null };
      case 'replay':
        return {
          ...{ kind: 'request-replay', dueAt: this.#now, requestedBy: 'ops', reason: null },
          ...who,
        };
      case 'poison':
        return {
          ...{ kind: 'dead-letter', origin, run: state.run, reason: 'poison_event' },
          ...{ errorMessage: null, now: this.#now },
        };
      case 'succeed':
      case 'fail':
      case 'refuse':
        return {
          ...{ kind: 'record-attempt', origin, run: state.run, trigger: 'live', attempt },
          ...{ claimId: state.claim?.claimId ?? null, outcome: OUTCOME[step], ...who },
        };
    }
  }
}

const OUTCOME: Record<(typeof OUTCOMES)[number], AttemptOutcome> = {
  succeed: { kind: 'success' },
  fail: {
    ...{ kind: 'failure', random: 0.5, retryAfterMs: null },
    policy: { kind: 'fixed', attempts: 3, delayMs: 1 },
  },
  refuse: { kind: 'refusal', reason: 'rejected' },
};

const FIRST = { kind: 'first' };
const behind = (number: number) => ({ kind: 'behind', after: idOf(number) });

describe('the order of a stream', () => {
  it('lets a delivery go when there is none before it, or it keeps no order', async () => {
    expect(await new StreamModel(['member']).place(0)).toEqual(FIRST);
    expect(await new StreamModel(['before', 'other', 'member']).place(2)).toEqual(FIRST);
    const unordered = new StreamModel(['member', 'member'], () => undefined);
    expect(await unordered.place(1)).toEqual(FIRST);
    expect(unordered.reads).toBe(0);
  });

  it('holds one back for an event of the webhook that has no delivery yet, and passes over others', async () => {
    const model = new StreamModel(['member', 'other', 'other', 'member']);
    expect(await model.place(3)).toEqual(behind(0));
    model.do(0, 'succeed');
    expect(await model.place(3)).toEqual(FIRST);
  });

  it('goes on without a delivery that nobody will record any more', async () => {
    const model = new StreamModel(['member', 'member', 'member']);
    model.isAudited = true;
    expect(await model.place(2)).toEqual(FIRST);
    model.do(0, 'fail');
    expect(await model.place(2)).toEqual(behind(0));
    // whoever has just received the event does not ask so far
    expect(await model.order.glance(model.originOf(2), webhook)).toEqual(behind(1));
  });

  it('holds one back until the one before has ended, through retries and replays', async () => {
    const model = new StreamModel(['member', 'member']);
    for (const step of ['schedule', 'fail', 'fail'] as const) {
      model.do(0, step);
      expect(await model.place(1)).toEqual(behind(0));
    }
    model.do(0, 'fail');
    expect(model.stateOf(idOf(0)).status).toBe('dead-lettered');
    expect(await model.place(1)).toEqual(FIRST);
    model.do(0, 'replay');
    expect(await model.place(1)).toEqual(behind(0));
    model.do(0, 'discard');
    expect(await model.place(1)).toEqual(FIRST);
  });

  it('is held by a dead letter, if that is the policy, until it succeeds or is discarded', async () => {
    const held = (): StreamModel => {
      const model = new StreamModel(['member', 'member'], () => 'hold');
      model.do(0, 'refuse');
      return model;
    };
    const [replayed, discarded] = [held(), held()];
    expect(await replayed.place(1)).toEqual(behind(0));
    replayed.do(0, 'replay');
    replayed.do(0, 'succeed');
    expect(await replayed.place(1)).toEqual(FIRST);
    discarded.do(0, 'discard');
    expect(await discarded.place(1)).toEqual(FIRST);
  });

  it('looks behind what was given up before its turn came', async () => {
    const model = new StreamModel(['member', 'member', 'member']);
    model.do(0, 'fail');
    model.do(1, 'schedule');
    model.do(1, 'discard');
    expect(await model.place(2)).toEqual(behind(0));
    model.do(0, 'succeed');
    expect(await model.place(2)).toEqual(FIRST);
  });

  it('begins with the first delivery that was recorded with it', async () => {
    const model = new StreamModel(['member', 'member', 'member'], (number) =>
      number === 0 ? undefined : 'continue',
    );
    model.do(0, 'fail');
    expect(await model.place(1)).toEqual(FIRST);
  });

  it('reads a few events for what has just happened, and all that it takes for what is due', async () => {
    const others = Array.from({ length: 400 }, (): EventStanding => 'other');
    const model = new StreamModel(['member', ...others, 'member']);
    expect(await model.order.glance(model.originOf(401), webhook)).toEqual({ kind: 'unknown' });
    expect(model.reads).toBeLessThan(10);
    expect(await model.place(401)).toEqual(behind(0));
    const truncated = new StreamModel(['member', ...others, 'member'], undefined, 300);
    expect(await truncated.place(401)).toEqual(FIRST);
    expect(await truncated.place(200)).toEqual(FIRST);
  });

  it('never lets one overtake another, whatever fails, is repeated, given up or seen late', async () => {
    const standing = fc.constantFrom<EventStanding>('member', 'member', 'member', 'other');
    const policy = fc.constantFrom<DeliveryOrder>('continue', 'hold');
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(standing, policy), { minLength: 2, maxLength: 5 }),
        fc.array(fc.tuple(fc.nat(4), fc.constantFrom(...STEPS)), { maxLength: 80 }),
        async (events, steps) => {
          const model = new StreamModel(
            events.map(([one]) => one),
            (number) => events[number]?.[1],
          );
          /** Deliveries that some instance has found to be first, and is about to attempt. */
          const ready = new Set<number>();
          const overtaken: number[] = [];
          for (const [number, step] of steps) {
            if (!model.isMember(number)) continue;
            overtaken.push(...(await take(model, number, step, ready)));
          }
          expect(overtaken).toEqual([]);
          expect(await stuckAt(model, events.length)).toBeUndefined();
        },
      ),
      { numRuns: 1_500 },
    );
  });
});

/** Takes the step, if it is one that may be taken. @returns events that a first attempt of it overtakes */
async function take(
  model: StreamModel,
  number: number,
  step: Step,
  ready: Set<number>,
): Promise<number[]> {
  const isFirst = async (): Promise<boolean> => (await model.place(number)).kind === 'first';
  if (step === 'look') {
    if (await isFirst()) ready.add(number);
    return [];
  }
  const isAttempt = step === 'poison' || OUTCOMES.some((outcome) => outcome === step);
  if (isAttempt && !ready.delete(number) && !(await isFirst())) return [];
  const { attemptCount } = model.stateOf(idOf(number));
  const told = model.do(number, step);
  if (!isAttempt || told.length === 0 || attemptCount > 0) return [];
  return Array.from({ length: number }, (_one, before) => before).filter(
    (before) => model.isMember(before) && !model.isReleased(before),
  );
}

/**
 * The first delivery that is open, if it is held back: then nothing ever goes on. Unless a dead letter before it holds it,
 * or an event before it has no delivery.
 */
async function stuckAt(model: StreamModel, count: number): Promise<number | undefined> {
  for (let number = 0; number < count; number++) {
    if (!model.isMember(number)) continue;
    const { origin, status } = model.stateOf(idOf(number));
    if (status === 'none' || (status === 'dead-lettered' && origin?.order === 'hold')) return;
    if (!isOpen(model.stateOf(idOf(number)))) continue;
    return (await model.place(number)).kind === 'first' ? undefined : number;
  }
  return undefined;
}
