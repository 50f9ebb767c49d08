import fc from 'fast-check';
import type { ReplayCommand } from './replay.aggregate.js';
import { replayDecider } from './replay.aggregate.js';
import type { ReplayEvent, ReplayLifeEvent, ReplayScope } from './replay.events.js';
import { evolveReplay, hasEnded, NO_COUNTS, type ReplayRecord } from './replay-record.events.js';

const scope: ReplayScope = {
  kind: 'history',
  cause: 'request',
  webhookId: 'orders',
  registration: 1,
  mode: 'missing',
  from: 'beginning',
  to: null,
  source: null,
  eventTypes: null,
  range: { from: '0', to: '900' },
  selection: { eventTypes: ['*'], source: { kind: 'all' }, tenantId: null, isGlobal: false },
};

const by = { by: 'ops', reason: 'mended', now: 0 };
const start: ReplayCommand = {
  kind: 'start',
  replayId: 'rpl_1',
  scope,
  perSecond: null,
  ...by,
};
const advance = (cursor: string, from: string | null = null): ReplayCommand => ({
  kind: 'advance',
  from,
  cursor,
  counts: { ...NO_COUNTS, matched: Number(cursor), scheduled: Number(cursor) },
  throughput: 10,
  now: 0,
});
const complete: ReplayCommand = {
  kind: 'complete',
  from: null,
  counts: { ...NO_COUNTS, matched: 9 },
  now: 5,
};
const fail: ReplayCommand = { kind: 'fail', code: 'TypeError', message: 'oh', now: 0 };
const pause: ReplayCommand = { kind: 'pause', ...by };
const resume: ReplayCommand = { kind: 'resume', ...by };
const cancel: ReplayCommand = { kind: 'cancel', ...by };
const setRate = (perSecond: number | null): ReplayCommand => ({
  kind: 'set-rate',
  perSecond,
  ...by,
});

/** Given a history of commands; what is refused leaves no trace. */
function given(...commands: readonly ReplayCommand[]) {
  const { events, replay } = run(commands);
  return {
    events,
    replay,
    when: (command: ReplayCommand) => {
      const decided = replayDecider.decide(command, replay);
      return { types: decided.map(({ type }) => type), replay: foldAll(decided, replay) };
    },
  };
}

function run(commands: readonly ReplayCommand[]) {
  let replay: ReplayRecord | undefined;
  const events: ReplayLifeEvent[] = [];
  for (const command of commands) {
    let decided: readonly ReplayLifeEvent[] = [];
    try {
      decided = replayDecider.decide(command, replay);
    } catch {
      // refused
    }
    events.push(...decided);
    replay = foldAll(decided, replay);
  }
  return { events, replay };
}

/** Each command, the first event that it led to, and the replay after it. */
function steps(commands: readonly ReplayCommand[]) {
  return commands.map((command, index) => {
    const before = run(commands.slice(0, index)).events.length;
    const { events, replay } = run(commands.slice(0, index + 1));
    return { command, event: events[before], replay };
  });
}

function foldAll(events: readonly ReplayEvent[], from?: ReplayRecord): ReplayRecord | undefined {
  let replay = from;
  for (const event of events) replay = evolveReplay(replay, event);
  return replay;
}

describe('a replay', () => {
  it('runs from its start, with nothing done', () => {
    expect(given(start).replay).toMatchObject({
      replayId: 'rpl_1',
      status: 'running',
      cursor: null,
      counts: NO_COUNTS,
      requestedBy: 'ops',
      reason: 'mended',
      startedAt: '1970-01-01T00:00:00.000Z',
      endedAt: null,
    });
  });

  it('is started once, whoever asks again', () => {
    expect(given(start).when(start).types).toEqual([]);
  });

  it('remembers how far it is, and what it did', () => {
    expect(given(start, advance('3'), advance('7', '3')).replay).toMatchObject({
      cursor: '7',
      counts: { matched: 7, scheduled: 7 },
      throughput: 10,
    });
  });

  it('that is paused records no progress until it is resumed', () => {
    const paused = given(start, advance('3'), pause);

    expect(paused.replay).toMatchObject({
      status: 'paused',
      pausedAt: '1970-01-01T00:00:00.000Z',
      haltedBy: { by: 'ops', reason: 'mended' },
      throughput: null,
    });
    expect(paused.when(advance('4', '3')).types).toEqual([]);
    expect(paused.when({ ...complete, from: '3' }).types).toEqual([]);
    expect(paused.when(pause).types).toEqual([]);
    expect(given(start, advance('3'), pause, resume).replay).toMatchObject({
      status: 'running',
      cursor: '3',
      pausedAt: null,
      haltedBy: null,
    });
  });

  it('takes no report from a runner whose successor has reported', () => {
    const overtaken = given(start, advance('3'), advance('9', '3'));

    expect(overtaken.when(advance('5', '3')).types).toEqual([]);
    expect(overtaken.when({ ...complete, from: '3' }).types).toEqual([]);
    expect(overtaken.when({ ...complete, from: '9' }).types).toEqual(['ReplayCompleted']);
  });

  it('that failed waits for a person, who resumes or cancels it', () => {
    const failed = given(start, fail);

    expect(failed.replay).toMatchObject({ status: 'failed', failure: { code: 'TypeError' } });
    expect(failed.when(pause).types).toEqual([]);
    expect(failed.when(resume).replay).toMatchObject({ status: 'running', failure: null });
    expect(failed.when(cancel).replay).toMatchObject({ status: 'cancelled', failure: null });
  });

  it('changes its rate while it has not ended', () => {
    expect(given(start, setRate(5)).replay?.perSecond).toBe(5);
    expect(given(start, setRate(5)).when(setRate(5)).types).toEqual([]);
    expect(given(start, pause, setRate(5), setRate(null)).replay).toMatchObject({
      status: 'paused',
      perSecond: null,
    });
  });

  it.each([
    ['pause', pause],
    ['resume', resume],
    ['cancel', cancel],
    ['change of rate', setRate(5)],
  ])('that is completed refuses a %s', (_name, command) => {
    const completed = given(start, complete);

    expect(completed.replay).toMatchObject({ status: 'completed', counts: { matched: 9 } });
    expect(() => completed.when(command)).toThrow(
      expect.objectContaining({ code: 'PSH_REPLAY_ENDED' }),
    );
  });

  it('that is cancelled stays so', () => {
    const cancelled = given(start, cancel);

    expect(cancelled.when(cancel).types).toEqual([]);
    expect(cancelled.when(advance('1')).types).toEqual([]);
    expect(() => cancelled.when(resume)).toThrow(
      expect.objectContaining({ code: 'PSH_REPLAY_ENDED' }),
    );
  });

  it('that was never started is not found', () => {
    expect(() => given().when(pause)).toThrow(
      expect.objectContaining({ code: 'PSH_REPLAY_NOT_FOUND' }),
    );
  });

  it('takes over what an earlier format had done', () => {
    const counts = { ...NO_COUNTS, matched: 4, scheduled: 4 };
    const earlier = { cursor: '120', counts, isCompleted: false };

    expect(given({ ...start, earlier }).replay).toMatchObject({
      status: 'running',
      cursor: '120',
      counts,
    });
    expect(given({ ...start, earlier: { ...earlier, isCompleted: true } }).replay).toMatchObject({
      status: 'completed',
      counts,
    });
  });
});

describe('a bulk replay of an earlier version', () => {
  const bulk: ReplayEvent = {
    type: 'BulkReplayStarted',
    data: {
      v: 1,
      replayId: 'rpl_old',
      filter: { webhookId: 'orders' },
      accepted: 12,
      requestedBy: 'api',
      reason: null,
      at: '2026-01-01T00:00:00.000Z',
    },
  };
  const advanced: ReplayEvent = {
    type: 'BulkReplayAdvanced',
    data: { v: 1, afterId: 'dlv_7', replayed: 6, skipped: 1 },
  };

  it('goes on where it stood', () => {
    expect(foldAll([bulk, advanced])).toMatchObject({
      replayId: 'rpl_old',
      scope: { kind: 'dead-letters', filter: { webhookId: 'orders' }, accepted: 12 },
      status: 'running',
      perSecond: null,
      cursor: 'dlv_7',
      counts: { matched: 7, replayed: 6, refused: 1 },
    });
  });

  it('has ended when it says so', () => {
    const at = '2026-01-01T00:01:00.000Z';
    const ended: ReplayEvent = {
      type: 'BulkReplayCompleted',
      data: { v: 1, replayed: 11, skipped: 1, at },
    };
    expect(foldAll([bulk, advanced, ended])).toMatchObject({
      status: 'completed',
      endedAt: at,
      counts: { matched: 12, replayed: 11, refused: 1 },
    });
  });
});

describe('any history of commands', () => {
  const commands: fc.Arbitrary<ReplayCommand> = fc.oneof(
    fc.constantFrom(start, complete, fail, pause, resume, cancel, setRate(null)),
    fc.integer({ min: 1, max: 100 }).map(setRate),
    fc
      .tuple(fc.nat({ max: 9 }), fc.option(fc.nat({ max: 9 })))
      .map(([cursor, from]) => advance(`${cursor}`, from === null ? null : `${from}`)),
  );
  const histories = fc.array(commands, { maxLength: 40 });

  it('ends a replay at most once, and records nothing after', () => {
    fc.assert(
      fc.property(histories, (history) => {
        const { events } = run(history);
        const end = events.findIndex(
          ({ type }) => type === 'ReplayCompleted' || type === 'ReplayCancelled',
        );
        expect(end === -1 || end === events.length - 1).toBe(true);
      }),
    );
  });

  it('gives what was recorded when it is read again', () => {
    fc.assert(
      fc.property(histories, (history) => {
        const { events, replay } = run(history);
        expect(foldAll(JSON.parse(JSON.stringify(events)) as ReplayEvent[])).toEqual(replay);
      }),
    );
  });

  it('records nothing when the last command is repeated', () => {
    fc.assert(
      fc.property(histories, commands, (history, command) => {
        const once = run([...history, command]);
        const again = run([...history, command, command]);
        fc.pre(command.kind !== 'advance' || command.cursor !== command.from);
        expect(again.events).toEqual(once.events);
      }),
    );
  });

  it('shows a failure, a pause and an end exactly while there is one', () => {
    fc.assert(
      fc.property(histories, (history) => {
        const { replay } = run(history);
        if (!replay) return;
        expect(replay.failure !== null).toBe(replay.status === 'failed');
        expect(replay.pausedAt !== null).toBe(replay.status === 'paused');
        expect(replay.endedAt !== null).toBe(hasEnded(replay));
      }),
    );
  });

  it('records progress only from where it stood', () => {
    fc.assert(
      fc.property(histories, (history) => {
        const advances = steps(history).filter(({ event }) => event?.type === 'ReplayAdvanced');
        const cursors = advances.map(({ replay }) => replay?.cursor ?? null);
        const begins = advances.map(({ command }) => (command as { from?: string | null }).from);
        expect(begins).toEqual([null, ...cursors].slice(0, begins.length));
      }),
    );
  });

  it('is not disturbed by events that a later version records', () => {
    fc.assert(
      fc.property(histories, (history) => {
        const { events, replay } = run(history);
        const later = { type: 'ReplayPondered', data: { v: 1 } } as unknown as ReplayEvent;
        expect(foldAll(events.flatMap((event) => [event, later]))).toEqual(replay);
      }),
    );
  });
});
