/**
 * The embedded engine as its faces see it: the in-process client, persistent subscriptions, and the wire server. Bytes in,
 * bytes out; positions and revisions are safe integers here, and become `bigint` at the faces.
 */

/** Revision of the record that a tombstone leaves; the faces show it as 2^63-1. */
export const TOMBSTONE_REVISION = Number.MAX_SAFE_INTEGER;

/** An event to be appended. */
export interface ProposedEvent {
  /** UUID in lower-case hyphenated form. */
  readonly id: string;
  readonly type: string;
  /** Whether its content type is `application/json`; anything else is opaque. */
  readonly isJson: boolean;
  /**
   * Whether `data` is JSON exactly as `JSON.stringify` writes it, because it was made here in this way: who passes it on
   * need not read it. Not recorded; `undefined` where it is not known.
   */
  readonly isCanonical?: boolean | undefined;
  readonly data: Uint8Array;
  readonly metadata: Uint8Array;
}

/** An event of the log. */
export interface LogRecord extends ProposedEvent {
  /** Place in the log: strictly increasing, never used twice, not contiguous. The first is 1. */
  readonly position: number;
  readonly stream: string;
  readonly revision: number;
  /** Epoch milliseconds. */
  readonly created: number;
}

/** An event as a reader meets it: `link` is the record that stands in the stream read, if that was a resolved link. */
export interface ResolvedRecord {
  readonly event?: LogRecord;
  readonly link?: LogRecord;
}

export type ExpectedRevision = number | 'any' | 'no_stream' | 'stream_exists';

export interface AppendOutcome {
  /** Revision of the last event of the call; -1 when the call was empty and the stream has none. */
  readonly revision: number;
  /** Position of the last event of the call; `null` when a retried append's event can no longer be read. */
  readonly position: number | null;
}

/** Which records of `$all` a reader wants, judged on the unresolved record. */
export type LogFilter = { readonly on: 'stream' | 'type' } & (
  { readonly regex: string } | { readonly prefixes: readonly string[] }
);

export type StreamState =
  /** It never was, or it was soft-deleted. */
  'missing' | 'present' | 'tombstoned';

export interface StreamPage {
  readonly state: StreamState;
  readonly records: readonly ResolvedRecord[];
  /** Revision to go on from; `null` at the end (or, backwards, at the beginning) of the stream. */
  readonly next: number | null;
  /** Revision of the last event of the stream; -1 when it has none. */
  readonly lastRevision: number;
}

export interface AllPage {
  readonly records: readonly ResolvedRecord[];
  /** Position to go on from (forwards inclusive, backwards exclusive). */
  readonly next: number;
  /** Whether the end (backwards: the beginning) of the log was reached. */
  readonly isEnd: boolean;
  /** How many records were considered, filtered-out ones included. */
  readonly considered: number;
}

export interface EventLog {
  /**
   * Appends events as one unit. Resolves when they are on disk; concurrent appends share an fsync, and are applied in the
   * order of the calls. Rejects with an `EngineError`; after one of kind `outcome-unknown` the append may have happened.
   */
  append(
    stream: string,
    expected: ExpectedRevision,
    events: readonly ProposedEvent[],
  ): Promise<AppendOutcome>;

  /**
   * Reads at most `limit` events (and a bounded number of bytes) of a stream, `from` a revision inclusive. A page may be
   * shorter than asked for, or empty, before the end: only `next` tells the end.
   */
  readStream(query: {
    readonly stream: string;
    readonly direction: 'forwards' | 'backwards';
    readonly from: number | 'start' | 'end';
    readonly limit: number;
    readonly resolveLinks: boolean;
  }): Promise<StreamPage>;

  /**
   * Reads `$all`: forwards `from` inclusive, backwards `from` exclusive. A page may be shorter than asked for, or empty,
   * before the end: only `isEnd` tells the end.
   */
  readAll(query: {
    readonly direction: 'forwards' | 'backwards';
    readonly from: number | 'start' | 'end';
    readonly limit: number;
    readonly resolveLinks: boolean;
    readonly filter?: LogFilter;
    /** Stop after this many records were considered, matching or not. */
    readonly searchWindow?: number;
  }): Promise<AllPage>;

  /** The event a link points at, or `undefined` if it cannot be read. */
  resolveLink(link: LogRecord): Promise<LogRecord | undefined>;

  /** Soft delete, or tombstone when `isHard`. @returns position of the record written */
  delete(stream: string, expected: ExpectedRevision, isHard: boolean): Promise<number>;

  /**
   * Calls `listener` with every committed record, in log order, synchronously and before the append that wrote it
   * resolves. It must not throw. @returns what ends it
   */
  onCommitted(listener: (records: readonly LogRecord[]) => void): () => void;

  /** Position of the last committed record; 0 when the log is empty. */
  readonly head: number;
}

export type EngineErrorDetail =
  | {
      readonly kind: 'wrong-expected-version';
      readonly stream: string;
      readonly expected: ExpectedRevision;
      /** -1 when there is no stream. */
      readonly current: number;
    }
  | { readonly kind: 'stream-deleted'; readonly stream: string }
  | { readonly kind: 'append-too-large'; readonly maxBytes: number }
  | { readonly kind: 'invalid-argument'; readonly message: string }
  /** Nothing of this append was kept: the disk is full, or the engine is closing. */
  | { readonly kind: 'unavailable'; readonly message: string }
  /** The writer died while the append was under way: it may or may not be in the log. */
  | { readonly kind: 'outcome-unknown'; readonly message: string };

/** What the engine answers instead of a result; every face turns it into its own vocabulary. */
export class EngineError extends Error {
  override readonly name = 'EngineError';
  readonly detail: EngineErrorDetail;

  constructor(detail: EngineErrorDetail) {
    super('message' in detail ? detail.message : detail.kind);
    this.detail = detail;
  }
}
