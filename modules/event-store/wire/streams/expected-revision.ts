import type { ExpectedRevision } from '../../embedded/event-log.js';
import { invalidArgument } from '../errors/call-status.js';
import { INT64_MAX, toEngineNumber, UINT64_MAX } from '../wire-number.js';

/** A revision as a client may send it. */
export type SentRevision = bigint | Exclude<ExpectedRevision, number> | undefined;

/** @throws CallStatus `INVALID_ARGUMENT` if there is none, or it is one that no stream can have */
export function toExpectedRevision(sent: SentRevision): ExpectedRevision {
  if (sent === undefined) throw invalidArgument("'None' is not a valid expected revision.");
  if (typeof sent === 'string') return sent;
  if (sent === UINT64_MAX) return 'no_stream';
  if (sent <= INT64_MAX) return toEngineNumber(sent);
  throw invalidArgument(`${sent} is not a revision: the largest one is 2^63-1.`);
}

/** The options of Delete and Tombstone have these in common. */
interface RevisionOptions {
  hasRevision(): boolean;
  getRevision(): string;
  hasNoStream(): boolean;
  hasAny(): boolean;
  hasStreamExists(): boolean;
}

/** The revision in the options of a deletion. */
export function sentRevisionOf(options: RevisionOptions): SentRevision {
  if (options.hasRevision()) return BigInt(options.getRevision());
  if (options.hasAny()) return 'any';
  if (options.hasNoStream()) return 'no_stream';
  return options.hasStreamExists() ? 'stream_exists' : undefined;
}
