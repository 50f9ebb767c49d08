import fc from 'fast-check';
import { fold, isPosthornError } from '../kernel/index.js';
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

const SUCCESS: AttemptOutcome = { kind: 'success' };
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
const REFUSAL: AttemptOutcome = { kind: 'refusal', reason: 'rejected' };

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
const replay = (replayId?: string, dueAt = 0) => ({
  kind: 'request-replay' as const,
  dueAt,
  now: 0,
  owner: 'i-1',
  requestedBy: 'ops',
  reason: null,
  ...(replayId === undefined ? {} : { replayId }),
});
const discard: DeliveryCommand = { kind: 'discard', now: 0, discardedBy: 'ops', reason: 'test' };

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

describe('a first attempt', () => {
  it('that succeeds is recorded together with the end, as the first events of the stream', () => {
    const { types, events, state } = given().when(record(SUCCESS));

    expect(types).toEqual(['DeliveryAttempted', 'DeliverySucceeded']);
    expect(events[0]?.data).toMatchObject({ origin, number: 1, nextAttemptAt: null });
    expect(state).toMatchObject({ status: 'succeeded', attemptCount: 1 });
  });

  it('that fails leaves the delivery retrying, with the due time in the event', () => {
    const { types, events, state } = given().when(record(FAILURE));

    expect(types).toEqual(['DeliveryAttempted']);
    expect(events[0]?.data).toMatchObject({ nextAttemptAt: '1970-01-01T00:00:01.000Z' });
    expect(state).toMatchObject({ status: 'retrying', dueAt: 1_000 });
  });

  it('that is refused for good is a dead letter at once', () => {
    const { types, state } = given().when(record(REFUSAL));

    expect(types).toEqual(['DeliveryAttempted', 'DeliveryDeadLettered']);
    expect(state.status).toBe('dead-lettered');
  });

  it('becomes a dead letter when the last attempt of the schedule fails', () => {
    const retried = given(
      record(FAILURE),
      claim('c-2', 1_000),
      record(FAILURE, 'c-2'),
      claim('c-3', 2_000),
    );

    const { events } = retried.when(record(FAILURE, 'c-3'));

    expect(events.at(-1)).toMatchObject({
      type: 'DeliveryDeadLettered',
      data: { reason: 'attempts_exhausted', attemptCount: 3 },
    });
  });
});

describe('a second dispatch of the same event', () => {
  it.each([
    ['scheduled', [schedule]],
    ['attempting', [schedule, claim('c-1')]],
    ['retrying', [record(FAILURE)]],
    ['succeeded', [record(SUCCESS)]],
    ['dead-lettered', [record(REFUSAL)]],
    ['discarded', [schedule, discard]],
  ])('records nothing while the delivery is %s', (status, commands) => {
    const delivery = given(...commands);

    expect(delivery.state.status).toBe(status);
    expect(delivery.when(schedule).types).toEqual([]);
  });
});

describe('a claim', () => {
  it('is refused before the delivery is due', () => {
    expect(given(record(FAILURE)).when(claim('c-1', 999)).types).toEqual([]);
  });

  it('is refused while another one holds', () => {
    expect(given(schedule, claim('c-1')).when(claim('c-2', 1e9)).types).toEqual([]);
  });

  it('replaces exactly the claim whose lease was seen to run out', () => {
    const attempting = given(schedule, claim('c-1'));

    expect(attempting.when(claim('c-2', 0, 'c-1')).types).toEqual(['DeliveryClaimed']);
    expect(attempting.when(claim('c-2', 0, 'c-0')).types).toEqual([]);
  });
});

describe('an outcome that was overtaken', () => {
  it('is recorded as late, and decides nothing, when the run has ended', () => {
    const { events, state } = given(record(SUCCESS)).when(record(FAILURE));

    expect(events).toMatchObject([
      { type: 'DeliveryAttempted', data: { isLate: true, number: 2 } },
    ]);
    expect(state).toMatchObject({ status: 'succeeded', attemptCount: 2 });
  });

  it('does not move the due time of whoever took over, when it is a failure', () => {
    const takenOver = given(schedule, claim('c-1'), claim('c-2', 0, 'c-1'));

    const { state } = takenOver.when(record(FAILURE, 'c-1'));

    expect(state).toMatchObject({ status: 'attempting', claim: { claimId: 'c-2' } });
  });

  it('does not move the due time that whoever took over has decided since, when it is a failure', () => {
    const retrying = given(
      schedule,
      claim('c-1'),
      claim('c-2', 0, 'c-1'),
      record(FAILURE, 'c-2', 1, 500),
    );

    const { events, state } = retrying.when(record(FAILURE, 'c-1', 1, 9_000));

    expect(events[0]?.data).toMatchObject({ isLate: true, number: 2 });
    expect(state).toMatchObject({ status: 'retrying', dueAt: 1_500, runAttemptCount: 1 });
  });

  it('does not count against the schedule, when two instances made the first attempt and both failed', () => {
    const { state } = given(record(FAILURE)).when(record(FAILURE));

    expect(state).toMatchObject({ attemptCount: 2, runAttemptCount: 1, dueAt: 1_000 });
  });

  it('ends the run all the same, when it is a success', () => {
    const takenOver = given(schedule, claim('c-1'), claim('c-2', 0, 'c-1'));

    const { types } = takenOver.when(record(SUCCESS, 'c-1'));

    expect(types).toEqual(['DeliveryAttempted', 'DeliverySucceeded']);
  });

  it('of an earlier run does not end the replay', () => {
    const replayed = given(record(REFUSAL), replay());

    const { types, state } = replayed.when(record(SUCCESS, null, 1));

    expect(types).toEqual(['DeliveryAttempted']);
    expect(state).toMatchObject({ status: 'scheduled', run: 2 });
  });
});

describe('a replay', () => {
  it.each([
    ['succeeded', [record(SUCCESS)]],
    ['dead-lettered', [record(REFUSAL)]],
    ['discarded', [schedule, discard]],
  ])('of a delivery that is %s opens a new run with a whole schedule', (_status, commands) => {
    const { state } = given(...commands).when(replay(undefined, 500));

    expect(state).toMatchObject({ status: 'scheduled', run: 2, runAttemptCount: 0, dueAt: 500 });
  });

  it('of an open delivery moves its due time and opens no run', () => {
    const { state } = given(record(FAILURE)).when(replay(undefined, 5));

    expect(state).toMatchObject({ status: 'retrying', run: 1, dueAt: 5 });
  });

  it('that a bulk replay asks for twice is recorded once', () => {
    const once = given(record(REFUSAL), replay('rpl_1'));

    expect(once.when(replay('rpl_1')).types).toEqual([]);
    expect(once.when(replay('rpl_2')).types).toEqual(['DeliveryReplayRequested']);
  });

  it('that several replays ask for in turn is recorded once for each', () => {
    const both = given(record(REFUSAL), replay('rpl_1'), replay('rpl_2'));

    expect(both.when(replay('rpl_1')).types).toEqual([]);
    expect(both.state.replayIds).toEqual(['rpl_1', 'rpl_2']);
  });

  it('opens no run for what it scheduled itself, whatever became of it', () => {
    const delivered = given(
      { ...schedule, replayId: 'rpl_1' },
      claim('c-1'),
      record(SUCCESS, 'c-1'),
    );

    expect(delivered.recorded[0]?.data).toMatchObject({ replayId: 'rpl_1' });
    expect(delivered.state.isReplay).toBe(true);
    expect(delivered.when(replay('rpl_1')).types).toEqual([]);
    expect(delivered.when(replay('rpl_2')).types).toEqual(['DeliveryReplayRequested']);
  });

  it('that was asked for one state only records nothing in any other', () => {
    const dead: DeliveryCommand = { ...replay('rpl_1'), onlyIf: ['dead-lettered'] };

    expect(given(record(SUCCESS)).when(dead).types).toEqual([]);
    expect(given(record(FAILURE)).when(dead).types).toEqual([]);
    expect(given(record(REFUSAL)).when(dead).types).toEqual(['DeliveryReplayRequested']);
  });

  it('of nothing is refused', () => {
    expect(() => given().when(replay())).toThrow(
      expect.objectContaining({ code: 'PSH_DELIVERY_NOT_FOUND' }),
    );
  });
});

describe('a discard', () => {
  it.each([
    ['scheduled', [schedule]],
    ['attempting', [schedule, claim('c-1')]],
    ['retrying', [record(FAILURE)]],
    ['dead-lettered', [record(REFUSAL)]],
  ])('settles a delivery that is %s', (_status, commands) => {
    expect(given(...commands).when(discard).state.status).toBe('discarded');
  });

  it('of a success is refused, and of a discarded delivery a no-op', () => {
    expect(() => given(record(SUCCESS)).when(discard)).toThrow(
      expect.objectContaining({ code: 'PSH_DELIVERY_SUCCEEDED' }),
    );
    expect(given(schedule, discard).when(discard).types).toEqual([]);
  });
});

describe('any history of commands', () => {
  const claimIds = fc.constantFrom('c-1', 'c-2', 'c-3');
  const runs = fc.integer({ min: 1, max: 3 });
  const now = fc.integer({ min: 0, max: 5_000 });
  const commands: fc.Arbitrary<DeliveryCommand> = fc.oneof(
    fc.constant(schedule),
    fc.constant<DeliveryCommand>({ ...schedule, claim: claimOf('c-0') }),
    fc.constant<DeliveryCommand>({ ...schedule, replayId: 'rpl_1' }),
    fc.tuple(claimIds, now, fc.option(claimIds)).map(([id, at, lapsed]) => claim(id, at, lapsed)),
    fc
      .tuple(fc.constantFrom(SUCCESS, FAILURE, REFUSAL, POSTPONED), fc.option(claimIds), runs, now)
      .map(([outcome, id, run, at]) => record(outcome, id, run, at)),
    fc
      .tuple(fc.option(fc.constantFrom('rpl_1', 'rpl_2')), now)
      .map(([id, dueAt]) => replay(id ?? undefined, dueAt)),
    fc.constant(discard),
    runs.map<DeliveryCommand>((run) => ({
      kind: 'dead-letter',
      origin,
      run,
      reason: 'source_event_gone',
      errorMessage: null,
      now: 0,
    })),
  );

  /** An attempt is always made in a run that there has been. */
  function possible(command: DeliveryCommand, state: DeliveryState): DeliveryCommand {
    return 'run' in command ? { ...command, run: Math.min(command.run, state.run) } : command;
  }

  function run(history: readonly DeliveryCommand[]): {
    readonly events: readonly DeliveryEvent[];
    readonly states: readonly DeliveryState[];
  } {
    let state = deliveryDecider.initialState;
    const events: DeliveryEvent[] = [];
    const states: DeliveryState[] = [state];
    for (const command of history) {
      try {
        for (const event of deliveryDecider.decide(possible(command, state), state)) {
          events.push(event);
          state = deliveryDecider.evolve(state, event);
          states.push(state);
        }
      } catch (error) {
        if (!isPosthornError(error)) throw error;
      }
    }
    return { events, states };
  }

  it('has exactly one terminal event in each run that ended, and none in the open one', () => {
    fc.assert(
      fc.property(fc.array(commands, { maxLength: 40 }), (history) => {
        const { events, states } = run(history);
        const last = states.at(-1) ?? deliveryDecider.initialState;
        const ends = new Map<number, number>();
        let status: DeliveryState['status'] = 'none';
        events.forEach((event, index) => {
          const isEnd =
            event.type === 'DeliverySucceeded' ||
            event.type === 'DeliveryDeadLettered' ||
            (event.type === 'DeliveryDiscarded' && status !== 'dead-lettered');
          if (isEnd) ends.set(event.data.run, (ends.get(event.data.run) ?? 0) + 1);
          status = states[index + 1]?.status ?? status;
        });

        for (let number = 1; number <= last.run; number++) {
          const isOngoing = last.status === 'none' || (number === last.run && isOpen(last));
          expect(ends.get(number) ?? 0).toBe(isOngoing ? 0 : 1);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('numbers the attempts of the delivery without gap or repeat', () => {
    fc.assert(
      fc.property(fc.array(commands, { maxLength: 40 }), (history) => {
        const numbers = run(history).events.flatMap((event) =>
          event.type === 'DeliveryAttempted' ? [event.data.number] : [],
        );

        expect(numbers).toEqual(numbers.map((_number, index) => index + 1));
      }),
    );
  });

  it('answers each replay once', () => {
    fc.assert(
      fc.property(fc.array(commands, { maxLength: 40 }), (history) => {
        const answered = run(history).events.flatMap(({ data }) =>
          'replayId' in data ? [data.replayId] : [],
        );

        expect(new Set(answered).size).toBe(answered.length);
      }),
    );
  });

  it('knows the origin from its first event on, and only from that', () => {
    fc.assert(
      fc.property(fc.array(commands, { minLength: 1, maxLength: 20 }), (history) => {
        const { events, states } = run(history);
        const withOrigin = events.filter((event) => 'origin' in event.data && event.data.origin);

        expect(withOrigin).toHaveLength(events.length > 0 ? 1 : 0);
        expect(withOrigin[0]).toBe(events[0]);
        for (const state of states.slice(1)) expect(state.origin).toEqual(origin);
      }),
    );
  });

  it('has a due time exactly while somebody may claim it, and a claim exactly while attempting', () => {
    fc.assert(
      fc.property(fc.array(commands, { maxLength: 40 }), (history) => {
        // Between the two events of one decision the state is on its way: judged is what each decision leaves.
        let state = deliveryDecider.initialState;
        for (const command of history) {
          try {
            state = fold(
              deliveryDecider,
              deliveryDecider.decide(possible(command, state), state),
              state,
            );
          } catch (error) {
            if (!isPosthornError(error)) throw error;
          }
          const isWaiting = state.status === 'scheduled' || state.status === 'retrying';
          expect(state.dueAt !== null).toBe(isWaiting);
          expect(state.claim !== null).toBe(state.status === 'attempting');
        }
      }),
    );
  });
});
