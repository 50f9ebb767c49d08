import fc from 'fast-check';
import { fold } from '../kernel/index.js';
import {
  type AttemptOutcome,
  type DeliveryCommand,
  deliveryDecider,
} from './delivery.aggregate.js';
import { type DeliveryState, isOpen } from './delivery-state.js';
import type { AttemptRecord, DeliveryEvent, DeliveryOrigin } from './delivery.events.js';

const origin: DeliveryOrigin = {
  deliveryId: 'dlv_1',
  webhookId: 'orders',
  registration: 1,
  tenantId: null,
  eventId: 'e-1',
  eventType: 'OrderPlaced',
  stream: 'order-1',
  revision: '0',
  position: '10',
  occurredAt: '2026-01-01T00:00:00.000Z',
};

const OUTCOMES = ['success', 'failure', 'refusal'] as const;
type OutcomeKind = (typeof OUTCOMES)[number];

/** One thing that an instance takes up; whatever it finds then, it finds later than the others may. */
const PLANS = ['dispatch', 'schedule', 'hand-over', 'due', 'lapsed', 'replay', 'discard'] as const;
type Plan = (typeof PLANS)[number];

/** What an instance has seen of the stream. */
interface View {
  readonly state: DeliveryState;
  readonly revision: number;
}

/** The stream of one delivery, and what really happened at its endpoint. */
class SharedDelivery {
  readonly events: DeliveryEvent[] = [];
  /** Attempts that were made, by the time at which they began. */
  readonly made: string[] = [];
  #state = deliveryDecider.initialState;

  get view(): View {
    return { state: this.#state, revision: this.events.length };
  }

  append(events: readonly DeliveryEvent[], expectedRevision: number): boolean {
    if (expectedRevision !== this.events.length) return false;
    this.events.push(...events);
    this.#state = fold(deliveryDecider, events, this.#state);
    return true;
  }
}

/** Decides and appends as the journal does: an append that meets another revision is decided again on what is there. */
function* record(
  delivery: SharedDelivery,
  command: DeliveryCommand,
  from: View,
): Generator<void, { readonly view: View; readonly events: readonly DeliveryEvent[] }> {
  let view = from;
  for (;;) {
    const events = deliveryDecider.decide(command, view.state);
    if (events.length === 0) return { view, events };
    yield;
    if (delivery.append(events, view.revision)) return { view: delivery.view, events };
    view = delivery.view;
    yield;
  }
}

function outcomeOf(kind: OutcomeKind): AttemptOutcome {
  if (kind === 'success') return { kind };
  if (kind === 'refusal') return { kind, reason: 'rejected' };
  const policy = { kind: 'list', delaysMs: [0, 0, 0] } as const;
  return { kind, policy, random: 0, retryAfterMs: null };
}

/** A request takes a while, in which others act; then its outcome is recorded, whatever they did. */
function* attempt(
  delivery: SharedDelivery,
  name: string,
  work: { readonly run: number; readonly claimId: string | null; readonly outcome: OutcomeKind },
  view: View,
): Generator<void> {
  delivery.made.push(name);
  yield;
  yield* record(
    delivery,
    {
      kind: 'record-attempt',
      origin,
      ...work,
      outcome: outcomeOf(work.outcome),
      trigger: 'live',
      attempt: { url: name } as AttemptRecord,
      owner: name,
      now: 0,
    },
    view,
  );
}

const NOTHING: View = { state: deliveryDecider.initialState, revision: 0 };

function scheduling(name: string): DeliveryCommand & { readonly kind: 'schedule' } {
  return { kind: 'schedule', origin, reason: 'held', now: 0, owner: name };
}

const PROGRAMS: Readonly<
  Record<Plan, (delivery: SharedDelivery, name: string, outcome: OutcomeKind) => Generator<void>>
> = {
  /** A first attempt that ends within its window. */
  *dispatch(delivery, name, outcome) {
    yield* attempt(delivery, name, { run: 1, claimId: null, outcome }, NOTHING);
  },
  *schedule(delivery, name) {
    yield* record(delivery, scheduling(name), NOTHING);
  },
  /** A first attempt whose window closes while it is under way: another may have taken the event up since. */
  *'hand-over'(delivery, name, outcome) {
    const claim = { claimId: name, owner: name, leaseMs: 1 };
    const { view } = yield* record(delivery, { ...scheduling(name), claim }, NOTHING);
    yield* attempt(delivery, name, { run: 1, claimId: name, outcome }, view);
  },
  *due(delivery, name, outcome) {
    yield* claimAndAttempt(delivery, name, outcome, null);
  },
  *lapsed(delivery, name, outcome) {
    const claimId = delivery.view.state.claim?.claimId ?? null;
    yield; // the lease runs out
    if (claimId !== null) yield* claimAndAttempt(delivery, name, outcome, claimId);
  },
  *replay(delivery, name) {
    const view = delivery.view;
    if (view.state.status === 'none') return;
    yield;
    const asked = { dueAt: 0, now: 0, owner: name, requestedBy: 'ops', reason: null };
    yield* record(delivery, { kind: 'request-replay', ...asked, replayId: name }, view);
  },
  *discard(delivery) {
    const view = delivery.view;
    if (!isOpen(view.state)) return;
    yield;
    const command = { kind: 'discard', now: 0, discardedBy: 'ops', reason: null } as const;
    try {
      yield* record(delivery, command, view);
    } catch {
      // It succeeded in the meantime: there is nothing left to give up.
    }
  },
};

function* claimAndAttempt(
  delivery: SharedDelivery,
  name: string,
  outcome: OutcomeKind,
  lapsed: string | null,
): Generator<void> {
  const seen = delivery.view;
  if (!isOpen(seen.state)) return;
  yield;
  const claim = { claimId: name, owner: name, leaseMs: 1 };
  const claimed = yield* record(delivery, { kind: 'claim', claim, now: 0, lapsed }, seen);
  if (claimed.events.length === 0) return;
  const { run } = claimed.view.state;
  yield* attempt(delivery, name, { run, claimId: name, outcome }, claimed.view);
}

interface Race {
  readonly delivery: SharedDelivery;
  readonly outcomes: ReadonlyMap<string, OutcomeKind>;
}

/** Several instances work on one delivery; `turns` says whose next step is taken. Whoever is left over finishes alone. */
function raceOf(plans: readonly (readonly [Plan, OutcomeKind])[], turns: readonly number[]): Race {
  const delivery = new SharedDelivery();
  const outcomes = new Map<string, OutcomeKind>();
  let running = plans.map(([plan, outcome], index) => {
    outcomes.set(`i-${index}`, outcome);
    return PROGRAMS[plan](delivery, `i-${index}`, outcome);
  });
  for (let step = 0; running.length > 0; step++) {
    const chosen = running[(turns[step] ?? 0) % running.length];
    if (chosen?.next().done) running = running.filter((other) => other !== chosen);
  }
  return { delivery, outcomes };
}

const races = fc
  .tuple(
    fc.array(fc.tuple(fc.constantFrom(...PLANS), fc.constantFrom(...OUTCOMES)), {
      minLength: 2,
      maxLength: 6,
    }),
    fc.array(fc.nat(5), { maxLength: 60 }),
  )
  .map(([plans, turns]) => raceOf(plans, turns));

/** An event of the stream, with the state before it and after it, and what was recorded next. */
function stepsOf({ delivery }: Race) {
  let state = deliveryDecider.initialState;
  return delivery.events.map((event, index) => {
    const before = state;
    state = deliveryDecider.evolve(state, event);
    return { before, event, after: state, next: delivery.events[index + 1] };
  });
}

/** The recorded attempts, with what really came of each. */
function attemptsOf(race: Race) {
  return stepsOf(race).flatMap(({ event, ...step }) =>
    event.type === 'DeliveryAttempted'
      ? [{ ...step, data: event.data, outcome: race.outcomes.get(event.data.owner) }]
      : [],
  );
}

function holds(law: (race: Race) => void): void {
  fc.assert(fc.property(races, law), { numRuns: 3_000 });
}

describe('instances that work on one delivery at the same time', () => {
  it('record every attempt that was made exactly once, numbered in the order of recording', () => {
    holds((race) => {
      const recorded = attemptsOf(race).map(({ data }) => data);
      expect(recorded.map(({ attempt }) => attempt.url).sort()).toEqual(
        [...race.delivery.made].sort(),
      );
      expect(recorded.map(({ number }) => number)).toEqual(recorded.map((_one, i) => i + 1));
    });
  });

  it('end each run exactly once', () => {
    holds((race) => {
      const ends = stepsOf(race).flatMap(({ before, event }) => {
        const isEnd = event.type === 'DeliverySucceeded' || event.type === 'DeliveryDeadLettered';
        const isGivenUp = event.type === 'DeliveryDiscarded' && before.status !== 'dead-lettered';
        return isEnd || isGivenUp ? [event.data.run] : [];
      });
      const { state } = race.delivery.view;
      const ended = state.status === 'none' || isOpen(state) ? state.run - 1 : state.run;
      expect(ends.sort()).toEqual(Array.from({ length: ended }, (_run, index) => index + 1));
    });
  });

  it('never hold two claims: each follows a due time, or replaces the one that lapsed', () => {
    holds((race) => {
      const claims = stepsOf(race).filter(({ event }) => event.type === 'DeliveryClaimed');
      const isFree = claims.map(({ before }) => before.dueAt !== null || before.claim !== null);
      expect(isFree).not.toContain(false);
    });
  });

  it('end an open run with a success, however late it comes', () => {
    holds((race) => {
      for (const { before, data, next, outcome } of attemptsOf(race)) {
        if (outcome !== 'success') continue;
        const isInTime = before.status === 'none' || (isOpen(before) && before.run === data.run);
        expect(data.isLate ?? false).toBe(!isInTime);
        expect(next?.type === 'DeliverySucceeded').toBe(isInTime);
      }
    });
  });

  it('let a failure decide for whoever holds the claim, or whose first attempt nobody overtook', () => {
    holds((race) => {
      for (const { before, data, outcome } of attemptsOf(race)) {
        if (outcome === 'success') continue;
        const isFirst = before.status === 'none';
        const isUntouched = before.status === 'scheduled' && before.run === data.run;
        const isHolder = before.claim?.claimId === data.owner && before.run === data.run;
        expect(data.isLate ?? false).toBe(!(isFirst || isUntouched || isHolder));
      }
    });
  });

  it('change nothing but the count with a failure that comes too late', () => {
    holds((race) => {
      const late = attemptsOf(race).filter(({ data }) => data.isLate);
      for (const { before, after } of late) {
        expect(after).toEqual({ ...before, attemptCount: before.attemptCount + 1 });
      }
    });
  });
});
