import { type Decider, PosthornError } from '../kernel/index.js';
import type {
  ReplayCounts,
  ReplayDecision,
  ReplayEvent,
  ReplayLifeEvent,
  ReplayScope,
} from './replay.events.js';
import { evolveReplay, hasEnded, type ReplayRecord } from './replay-record.events.js';

/** Who decides something about a replay, when (epoch milliseconds), and why. */
interface Decision {
  readonly by: string;
  readonly reason: string | null;
  readonly now: number;
}

/** Where a replay stood when it was taken over from an earlier format. */
export interface EarlierProgress {
  readonly cursor: string;
  readonly counts: ReplayCounts;
  readonly isCompleted: boolean;
}

export type ReplayCommand =
  | (Decision & {
      readonly kind: 'start';
      readonly replayId: string;
      readonly scope: ReplayScope;
      readonly perSecond: number | null;
      readonly earlier?: EarlierProgress;
    })
  | {
      readonly kind: 'advance';
      /** Cursor of the record that this goes on from. */
      readonly from: string | null;
      readonly cursor: string;
      readonly counts: ReplayCounts;
      readonly throughput: number;
      readonly now: number;
    }
  | {
      readonly kind: 'complete';
      /** Cursor of the record that this goes on from. */
      readonly from: string | null;
      readonly counts: ReplayCounts;
      readonly now: number;
    }
  | {
      readonly kind: 'fail';
      readonly code: string;
      readonly message: string;
      readonly now: number;
    }
  | (Decision & { readonly kind: 'pause' | 'resume' | 'cancel' })
  | (Decision & { readonly kind: 'set-rate'; readonly perSecond: number | null });

type CommandOf<Kind extends ReplayCommand['kind']> = Extract<ReplayCommand, { kind: Kind }>;

const iso = (epochMs: number): string => new Date(epochMs).toISOString();

/** Only one append finds no stream: of two starts with one id, the second meets the first. */
function start(command: CommandOf<'start'>, replay: ReplayRecord | undefined): ReplayLifeEvent[] {
  if (replay) return [];
  const { by, earlier, now, perSecond, reason, replayId, scope } = command;
  const at = iso(now);
  const events: ReplayLifeEvent[] = [
    {
      type: 'ReplayStarted',
      data: { v: 1, replayId, scope, perSecond, requestedBy: by, reason, at },
    },
  ];
  if (!earlier) return events;
  const { counts, cursor, isCompleted } = earlier;
  if (isCompleted) events.push({ type: 'ReplayCompleted', data: { v: 1, counts, at } });
  else events.push({ type: 'ReplayAdvanced', data: { v: 1, cursor, counts, throughput: 0, at } });
  return events;
}

/**
 * What a runner reports of a replay that somebody halted meanwhile, or whose successor has reported already, is not
 * recorded: it is done again, to no effect.
 */
function report(
  command: CommandOf<'advance' | 'complete' | 'fail'>,
  replay: ReplayRecord,
): ReplayLifeEvent[] {
  if (replay.status !== 'running') return [];
  if (command.kind !== 'fail' && command.from !== replay.cursor) return [];
  const at = iso(command.now);
  switch (command.kind) {
    case 'advance': {
      const { counts, cursor, throughput } = command;
      return [{ type: 'ReplayAdvanced', data: { v: 1, cursor, counts, throughput, at } }];
    }
    case 'complete':
      return [{ type: 'ReplayCompleted', data: { v: 1, counts: command.counts, at } }];
    case 'fail': {
      const { code, message } = command;
      return [{ type: 'ReplayFailed', data: { v: 1, code, message, at } }];
    }
  }
}

function pause(data: ReplayDecision, replay: ReplayRecord): ReplayLifeEvent[] {
  refuseIfEnded(replay);
  return replay.status === 'running' ? [{ type: 'ReplayPaused', data }] : [];
}

function resume(data: ReplayDecision, replay: ReplayRecord): ReplayLifeEvent[] {
  refuseIfEnded(replay);
  return replay.status === 'running' ? [] : [{ type: 'ReplayResumed', data }];
}

function cancel(data: ReplayDecision, replay: ReplayRecord): ReplayLifeEvent[] {
  if (replay.status === 'cancelled') return [];
  refuseIfEnded(replay);
  return [{ type: 'ReplayCancelled', data }];
}

function setRate(
  data: ReplayDecision,
  perSecond: number | null,
  replay: ReplayRecord,
): ReplayLifeEvent[] {
  refuseIfEnded(replay);
  if (replay.perSecond === perSecond) return [];
  return [{ type: 'ReplayRateChanged', data: { ...data, perSecond } }];
}

function dataOf({ by, now, reason }: Decision): ReplayDecision {
  return { v: 1, by, reason, at: iso(now) };
}

function refuseIfEnded(replay: ReplayRecord): void {
  if (!hasEnded(replay)) return;
  throw new PosthornError(
    'PSH_REPLAY_ENDED',
    `the replay "${replay.replayId}" was ${replay.status}`,
  );
}

function decide(
  command: ReplayCommand,
  replay: ReplayRecord | undefined,
): readonly ReplayLifeEvent[] {
  if (command.kind === 'start') return start(command, replay);
  if (!replay) throw new PosthornError('PSH_REPLAY_NOT_FOUND');
  switch (command.kind) {
    case 'advance':
    case 'complete':
    case 'fail':
      return report(command, replay);
    case 'pause':
      return pause(dataOf(command), replay);
    case 'resume':
      return resume(dataOf(command), replay);
    case 'cancel':
      return cancel(dataOf(command), replay);
    case 'set-rate':
      return setRate(dataOf(command), command.perSecond, replay);
  }
}

/**
 * A replay as plain functions; its states are those of `ReplayStatus`. `undefined`: it was not started.
 *
 * @throws PosthornError (from `decide`) `PSH_REPLAY_NOT_FOUND`, `PSH_REPLAY_ENDED`
 */
export const replayDecider = {
  initialState: undefined,
  decide,
  evolve: evolveReplay,
} as const satisfies Decider<ReplayCommand, ReplayEvent, ReplayRecord | undefined>;
