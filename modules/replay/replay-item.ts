import type { WebhookDirectory } from '../registry/index.js';
import type {
  DeadLettersScope,
  HistoryScope,
  ReplayCounts,
  ReplayFrom,
  ReplayMode,
  ReplaySource,
  ReplayTo,
} from './replay.events.js';
import type { DeadLetterFilter } from './dead-letters.port.js';
import type { ReplayRecord, ReplayStatus } from './replay-record.events.js';
import { obstacleOf } from './running/obstacle.js';

/** How far a replay is. */
export interface ReplayProgressItem extends ReplayCounts {
  /**
   * Part of the range that is done, 0 to 100 with one decimal: by position for a replay of history, by dead letters for
   * one of these. An estimate where matches are not spread evenly; 100 only once it is completed.
   */
  readonly percent: number;
  /** Position up to which everything is done; `null` for dead letters, and at the beginning. */
  readonly position: string | null;
  /** Matches per second when progress was recorded last; `null` while it does not run. */
  readonly perSecond: number | null;
}

/** Which events of the log a replay takes to its webhook. */
export interface ReplayedHistory {
  readonly mode: ReplayMode;
  readonly from: ReplayFrom;
  /** `null`: the end of the log when it was started. */
  readonly to: ReplayTo | null;
  readonly source: ReplaySource | null;
  readonly eventTypes: readonly string[] | null;
  /** Positions, both inclusive. */
  readonly range: { readonly from: string; readonly to: string };
}

/** A replay, as it is shown. Times are ISO 8601 in UTC. */
export interface ReplayItem {
  readonly id: string;
  /** `registration`: a webhook asked for its history with `startFrom`. */
  readonly kind: 'history' | 'registration' | 'dead-letters';
  /** `null` for dead letters of any webhook. */
  readonly webhookId: string | null;
  readonly status: ReplayStatus;
  /** What a running replay waits for: its webhook is paused, disabled or inactive, or its code is not deployed. */
  readonly waitsFor: 'webhook' | null;
  readonly history: ReplayedHistory | null;
  readonly deadLetters: DeadLetterFilter | null;
  /** The limit; `null`: as fast as the webhook takes them. */
  readonly perSecond: number | null;
  readonly progress: ReplayProgressItem;
  readonly requestedBy: string;
  readonly reason: string | null;
  readonly startedAt: string;
  /** When progress was recorded last. */
  readonly advancedAt: string | null;
  readonly pausedAt: string | null;
  /** When it was completed or cancelled. */
  readonly endedAt: string | null;
  /** Who paused or cancelled it, and why. */
  readonly haltedBy: { readonly by: string; readonly reason: string | null } | null;
  /** Why it cannot go on by itself; `null` unless it failed. */
  readonly failure: { readonly code: string; readonly message: string; readonly at: string } | null;
}

/** The replay as it is shown. */
export function toReplayItem(
  replay: ReplayRecord,
  directory: Pick<WebhookDirectory, 'find' | 'missingCode'>,
): ReplayItem {
  const { replayId, scope, counts, throughput, cursor, ...rest } = replay;
  const { status, perSecond, requestedBy, reason, startedAt, advancedAt } = rest;
  const { pausedAt, endedAt, haltedBy, failure } = rest;
  return {
    id: replayId,
    ...shownScope(scope),
    status,
    waitsFor: waitsForWebhook(replay, directory) ? 'webhook' : null,
    perSecond,
    progress: {
      ...counts,
      percent: percentOf(replay),
      position: scope.kind === 'history' ? cursor : null,
      perSecond: throughput,
    },
    requestedBy,
    reason,
    startedAt,
    advancedAt,
    pausedAt,
    endedAt,
    haltedBy,
    failure,
  };
}

function shownScope(
  scope: HistoryScope | DeadLettersScope,
): Pick<ReplayItem, 'kind' | 'webhookId' | 'history' | 'deadLetters'> {
  if (scope.kind === 'dead-letters') {
    const { filter, kind } = scope;
    return { kind, webhookId: filter.webhookId ?? null, history: null, deadLetters: filter };
  }
  const { cause, eventTypes, from, mode, range, source, to, webhookId } = scope;
  return {
    kind: cause === 'registration' ? cause : 'history',
    webhookId,
    history: { mode, from, to, source, eventTypes, range },
    deadLetters: null,
  };
}

function waitsForWebhook(
  replay: ReplayRecord,
  directory: Pick<WebhookDirectory, 'find' | 'missingCode'>,
): boolean {
  if (replay.status !== 'running' || replay.scope.kind !== 'history') return false;
  const isPaused = directory.find(replay.scope.webhookId)?.status === 'paused';
  return isPaused || obstacleOf(replay, directory)?.kind === 'rest';
}

/** Nothing but a completed replay shows 100, and nothing shows more. */
export function percentOf(replay: ReplayRecord): number {
  if (replay.status === 'completed') return 100;
  const permille = Math.max(0, Math.min(999, permilleOf(replay)));
  return permille / 10;
}

function permilleOf({ counts, cursor, scope }: ReplayRecord): number {
  if (cursor === null) return 0;
  if (scope.kind === 'dead-letters') {
    return scope.accepted === 0 ? 999 : Math.floor((counts.examined * 1_000) / scope.accepted);
  }
  const [from, to] = [BigInt(scope.range.from), BigInt(scope.range.to)];
  if (to < from) return 999;
  return Number(((BigInt(cursor) - from + 1n) * 1_000n) / (to - from + 1n));
}
