import type { ExpectedRevision } from '../../embedded/event-log.js';
import { invalidArgument } from '../errors/call-status.js';
import type { streams } from '../protocol.js';
import { isRevision, toEngineNumber, UINT64_MAX } from '../wire-number.js';

/** The options of Append, Delete and Tombstone have these in common. */
interface RevisionOptions {
  hasRevision(): boolean;
  getRevision(): string;
  hasNoStream(): boolean;
  hasAny(): boolean;
  hasStreamExists(): boolean;
}

/** @throws CallStatus `INVALID_ARGUMENT` if none is given, or one that no stream can have */
export function expectedRevisionOf(options: RevisionOptions): ExpectedRevision {
  if (options.hasRevision()) return toRevision(options.getRevision());
  return toNamed(options);
}

/** The same for BatchAppend, which has another name for it. @throws CallStatus `INVALID_ARGUMENT` */
export function expectedPositionOf(options: streams.BatchAppendReq.Options): ExpectedRevision {
  if (options.hasStreamPosition()) return toRevision(options.getStreamPosition());
  return toNamed(options);
}

function toNamed(options: Omit<RevisionOptions, 'hasRevision' | 'getRevision'>): ExpectedRevision {
  if (options.hasAny()) return 'any';
  if (options.hasNoStream()) return 'no_stream';
  if (options.hasStreamExists()) return 'stream_exists';
  throw invalidArgument("'None' is not a valid expected revision.");
}

function toRevision(text: string): ExpectedRevision {
  if (text === UINT64_MAX) return 'no_stream';
  if (isRevision(text)) return toEngineNumber(text);
  throw invalidArgument(`${text} is not a revision: the largest one is 2^63-1.`);
}
