import { fold } from '../kernel/index.js';
import {
  type AttemptOutcome,
  type DeliveryCommand,
  deliveryDecider,
} from './delivery.aggregate.js';
import { isOpen } from './delivery-state.js';
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

const attempt: AttemptRecord = {
  url: 'https://example.test/hook',
  startedAt: '2026-01-01T00:00:01.000Z',
  timings: { dnsMs: 1, connectMs: 1, tlsMs: 1, firstByteMs: 1, bodyMs: 1, totalMs: 5 },
  statusCode: 200,
  errorClass: null,
  errorMessage: null,
  remoteAddress: '192.0.2.1',
  responseHeaders: {},
  responseBody: '',
  isResponseTruncated: false,
};

const FAILURE: AttemptOutcome = {
  kind: 'failure',
  policy: { kind: 'list', delaysMs: [1_000, 2_000] },
  random: 0,
  retryAfterMs: null,
};
const POSTPONED: AttemptOutcome = {
  kind: 'postponed',
  policy: { kind: 'list', delaysMs: [1_000, 2_000] },
  random: 0,
  limitMs: 60_000,
};

const claimOf = (claimId: string) => ({ claimId, owner: 'i-1', leaseMs: 30_000 });

const schedule: Extract<DeliveryCommand, { kind: 'schedule' }> = {
  kind: 'schedule',
  origin,
  reason: 'lane-full',
  now: 0,
  owner: 'i-1',
};
const claim = (claimId: string, now = 0, lapsed: string | null = null): DeliveryCommand => ({
  kind: 'claim',
  claim: claimOf(claimId),
  now,
  lapsed,
});
const record = (
  outcome: AttemptOutcome,
  claimId: string | null = null,
  run = 1,
  now = 0,
): DeliveryCommand => ({
  kind: 'record-attempt',
  origin,
  run,
  claimId,
  trigger: 'live',
  attempt,
  outcome,
  owner: 'i-1',
  now,
});

/** Given what the commands recorded, when one more is decided, then these events. */
function given(...commands: DeliveryCommand[]) {
  let state = deliveryDecider.initialState;
  const recorded: DeliveryEvent[] = [];
  for (const command of commands) {
    const events = deliveryDecider.decide(command, state);
    recorded.push(...events);
    state = fold(deliveryDecider, events, state);
  }
  return {
    state,
    recorded,
    when: (command: DeliveryCommand) => {
      const events = deliveryDecider.decide(command, state);
      return {
        types: events.map(({ type }) => type),
        events,
        state: fold(deliveryDecider, events, state),
      };
    },
  };
}

describe('an attempt that cannot be made', () => {
  it('is put off before anything else is recorded, with the reason and a due time', () => {
    const { types, events, state } = given().when(record(POSTPONED));

    expect(types).toEqual(['DeliveryScheduled', 'DeliveryPostponed']);
    expect(events[0]?.data).toMatchObject({ origin, reason: 'postponed' });
    expect(events[1]?.data).toMatchObject({ round: 1, dueAt: '1970-01-01T00:00:05.000Z' });
    expect(state).toMatchObject({ status: 'scheduled', dueAt: 5_000, attemptCount: 0 });
  });

  it('ends its claim, costs none of the schedule, and is due later each time', () => {
    const { recorded, state } = given(
      record(FAILURE),
      claim('c-1', 1_000),
      record(POSTPONED, 'c-1', 1, 1_000),
      claim('c-2', 6_000),
      record(POSTPONED, 'c-2', 1, 6_000),
    );

    expect(recorded.at(-1)?.data).toMatchObject({ round: 2, since: '1970-01-01T00:00:01.000Z' });
    expect(state).toMatchObject({ status: 'retrying', dueAt: 16_000, claim: null });
    expect(state).toMatchObject({ attemptCount: 1, runAttemptCount: 1 });
  });

  it('counts as a failure once it was put off for as long as is allowed, counted from the first time', () => {
    const waiting = given(
      record(POSTPONED),
      claim('c-1', 5_000),
      record(POSTPONED, 'c-1', 1, 5_000),
    );
    const claimed = given(
      ...Array.from({ length: 1 }, () => record(POSTPONED)),
      claim('c-2', 59_999),
    );
    expect(waiting.state.postponed).toEqual({ since: 0, rounds: 2 });
    expect(claimed.when(record(POSTPONED, 'c-2', 1, 59_999)).types).toEqual(['DeliveryPostponed']);

    const { types, events, state } = claimed.when(record(POSTPONED, 'c-2', 1, 60_000));
    expect(types).toEqual(['DeliveryAttempted']);
    expect(events[0]?.data).toMatchObject({ isUnsent: true, nextAttemptAt: expect.anything() });
    expect(state).toMatchObject({ status: 'retrying', runAttemptCount: 1, postponed: null });
  });

  it('is no business of whoever was overtaken', () => {
    const { types } = given(schedule, claim('c-1'), claim('c-2', 0, 'c-1')).when(
      record(POSTPONED, 'c-1'),
    );
    expect(types).toEqual([]);
  });

  it('always ends: no delivery is put off for longer than its schedule and the limit of each attempt', () => {
    let now = 0;
    const commands: DeliveryCommand[] = [];
    let { state } = given();
    for (let round = 0; round < 100 && (round === 0 || isOpen(state)); round++) {
      now = Math.max(now, state.dueAt ?? 0);
      if (round > 0) commands.push(claim(`c-${round}`, now));
      commands.push(record(POSTPONED, round > 0 ? `c-${round}` : null, 1, now));
      ({ state } = given(...commands));
    }

    expect(state).toMatchObject({ status: 'dead-lettered', attemptCount: 3 });
    expect(now).toBeLessThan(3 * (60_000 + 40_000 * 1.1) + 3_000);
  });
});
