import type { ExpectedRevision } from './event-log.js';

/** What the rule for expected revisions needs to know of a stream. */
export interface StreamStanding {
  /** Revision of its last event; -1 when it has none. */
  readonly lastRevision: number;
  readonly isTombstoned: boolean;
  readonly isSoftDeleted: boolean;
  /** Whether its metastream has events. */
  readonly hasMetadata: boolean;
}

/** The event ids of an append, walked once: each call of either method is about the next one. */
export interface ProposedIds {
  readonly count: number;
  /** Revision in this stream of the recently committed event with the next id; -1 if it is not known. */
  nextRecentRevision(): number;
  /** Whether the event at `revision` has the next id. */
  nextIsAt(revision: number): boolean;
}

/** What to do with an append. */
export type Verdict =
  | { readonly kind: 'accept' }
  | { readonly kind: 'wrong-version' }
  | { readonly kind: 'stream-deleted' }
  /** A retry of what is in the stream already, up to `lastRevision`. */
  | { readonly kind: 'repeat'; readonly lastRevision: number };

const ACCEPT: Verdict = { kind: 'accept' };
const WRONG_VERSION: Verdict = { kind: 'wrong-version' };
const STREAM_DELETED: Verdict = { kind: 'stream-deleted' };

/**
 * EventStoreDB's rule for expected revisions and for recognising the retry of an append by its event ids
 * (`IndexWriter.CheckCommit`).
 */
export function judgeAppend(
  expected: ExpectedRevision,
  stream: StreamStanding,
  ids: ProposedIds,
): Verdict {
  if (stream.isTombstoned) return STREAM_DELETED;
  if (expected === 'stream_exists') {
    if (stream.isSoftDeleted) return STREAM_DELETED;
    if (stream.lastRevision < 0 && !stream.hasMetadata) return WRONG_VERSION;
  }
  if (expected === 'any' || expected === 'stream_exists') return judgeByRecentIds(ids);
  const expectedRevision = expected === 'no_stream' ? -1 : expected;
  if (expectedRevision === stream.lastRevision) return ACCEPT;
  if (expectedRevision > stream.lastRevision) return WRONG_VERSION;
  return judgeAgainstStored(expectedRevision, stream, ids);
}

/** Best effort, as the real rule is: the first id decides whether this is new; after that all must be known. */
function judgeByRecentIds(ids: ProposedIds): Verdict {
  let lastRevision = -1;
  for (let index = 0; index < ids.count; index++) {
    lastRevision = ids.nextRecentRevision();
    if (lastRevision < 0) return index === 0 ? ACCEPT : WRONG_VERSION;
  }
  return ids.count === 0 ? ACCEPT : { kind: 'repeat', lastRevision };
}

function judgeAgainstStored(
  expectedRevision: number,
  stream: StreamStanding,
  ids: ProposedIds,
): Verdict {
  for (let index = 0; index < ids.count; index++) {
    if (ids.nextIsAt(expectedRevision + 1 + index)) continue;
    const isRecreation = index === 0 && expectedRevision === -1 && stream.isSoftDeleted;
    return isRecreation ? ACCEPT : WRONG_VERSION;
  }
  return ids.count === 0
    ? WRONG_VERSION
    : { kind: 'repeat', lastRevision: expectedRevision + ids.count };
}
