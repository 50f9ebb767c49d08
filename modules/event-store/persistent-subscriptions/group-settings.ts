import type { LogFilter } from '../embedded/event-log.js';

/** A place in `$all` as the protocol has it. Both parts are -1 for "the end", 0 for "the beginning". */
export interface LogPosition {
  readonly commit: bigint;
  readonly prepare: bigint;
}

/**
 * Where a group begins while it has no checkpoint, inclusive: a revision for a stream, a position for `$all`. `-1n`, or a
 * position of -1, is the end at the time when the group is created.
 */
export type StartFrom = bigint | LogPosition;

/** How a group behaves. The protocol has no defaults: every one is given. */
export interface GroupSettings {
  readonly resolveLinkTos: boolean;
  /** Whether latencies are observed per consumer. */
  readonly extraStatistics: boolean;
  /** How long a consumer may hold a message before it is given to another; checked once a second. */
  readonly messageTimeoutMs: number;
  /** How often a message is handed out again before it is parked. */
  readonly maxRetryCount: number;
  /** How long a checkpoint waits for more progress, unless `maxCheckpointCount` comes first; 0: no time limit. */
  readonly checkpointAfterMs: number;
  /** Progress, in events, from which a checkpoint may be written. */
  readonly minCheckpointCount: number;
  /** Progress, in events, at which a checkpoint is written at once. */
  readonly maxCheckpointCount: number;
  /** How many consumers may be connected at a time; 0: any number. */
  readonly maxSubscriberCount: number;
  /** How many live events are kept while the group still reads history. */
  readonly liveBufferSize: number;
  /** How many events one read of history fetches. */
  readonly readBatchSize: number;
  /** How many events wait in memory for a consumer. */
  readonly historyBufferSize: number;
  readonly consumerStrategyName: string;
  readonly startFrom: StartFrom;
}

/** A stream, or the whole log. */
export type GroupSource = 'all' | { readonly stream: string };

/** A group as it is stored. */
export interface GroupConfig {
  /** The stream's name, or `$all`. */
  readonly eventSource: string;
  readonly group: string;
  readonly settings: GroupSettings;
  /** What of `$all` the group wants; fixed when it is created. */
  readonly filter?: LogFilter;
  /** Where "the end" was when the group was created: it begins with the first event after this place. */
  readonly endPlace?: number;
}

/** The name of `$all` as an event source. */
export const ALL = '$all';

/** How a source is shown, stored and reported. */
export function eventSourceOf(source: GroupSource): string {
  return source === 'all' ? ALL : source.stream;
}

/** What identifies a group, and what its consumers see as the id of their subscription. */
export function groupKey(eventSource: string, group: string): string {
  return `${eventSource}::${group}`;
}

/** Whether the group begins at the end. */
export function startsAtEnd(startFrom: StartFrom): boolean {
  return typeof startFrom === 'bigint' ? startFrom === -1n : startFrom.commit === -1n;
}

/** Text form of a start: `0`, `-1`, `C:0/P:0`, ... */
export function formatStartFrom(startFrom: StartFrom): string {
  return typeof startFrom === 'bigint'
    ? startFrom.toString()
    : `C:${startFrom.commit.toString()}/P:${startFrom.prepare.toString()}`;
}

/** The start for a text made by `formatStartFrom`; `undefined` if it is not one. */
export function parseStartFrom(text: string): StartFrom | undefined {
  if (/^-?\d{1,20}$/.test(text)) return BigInt(text);
  const [, commit, prepare] = /^C:(-?\d{1,20})\/P:(-?\d{1,20})$/.exec(text) ?? [];
  if (commit === undefined || prepare === undefined) return undefined;
  return { commit: BigInt(commit), prepare: BigInt(prepare) };
}
