import type { ExpectedRevision } from '../../embedded/event-log.js';
import type { MessageReader } from '../protobuf/message-reader.js';
import { readStreamName } from '../wire-text.js';
import type { SentRevision } from './expected-revision.js';

/** What an append is begun with. */
export interface AppendOptions {
  /** Empty if it is missing. */
  readonly stream: string;
  readonly expected: SentRevision;
  readonly deadline: AppendDeadline;
}

/** When an append is given up: at a time of day, after a while, or never. */
export type AppendDeadline =
  | { readonly kind: 'at'; readonly epochMs: number }
  | { readonly kind: 'within'; readonly durationMs: number }
  | { readonly kind: 'none' };

/** Fields of `AppendReq.Options` and `BatchAppendReq.Options`, which differ in the last two alone. */
const FIELD = {
  streamIdentifier: 1,
  revision: 2,
  noStream: 3,
  any: 4,
  streamExists: 5,
  /** `google.protobuf.Timestamp`, from clients that do not know the other. */
  deadlineTimestamp: 6,
  /** `google.protobuf.Duration`. */
  deadlineDuration: 7,
} as const;

/** Fields of `Timestamp` and `Duration`. */
const TIME = { seconds: 1, nanos: 2 } as const;

const NAMED: ReadonlyMap<number, Exclude<ExpectedRevision, number>> = new Map([
  [FIELD.noStream, 'no_stream'],
  [FIELD.any, 'any'],
  [FIELD.streamExists, 'stream_exists'],
]);

/** Reads the options of an append. */
export function readAppendOptions(reader: MessageReader): AppendOptions {
  let stream = '';
  let expected: SentRevision;
  let deadline: AppendDeadline = { kind: 'none' };
  while (reader.next()) {
    const { field } = reader;
    const named = NAMED.get(field);
    if (named !== undefined) {
      expected = named;
      reader.skip();
    } else if (field === FIELD.streamIdentifier) stream = readStreamName(reader.nested());
    else if (field === FIELD.revision) expected = reader.uint64();
    else if (field === FIELD.deadlineTimestamp) {
      deadline = { kind: 'at', epochMs: readMilliseconds(reader.nested()) };
    } else if (field === FIELD.deadlineDuration) {
      deadline = { kind: 'within', durationMs: readMilliseconds(reader.nested()) };
    } else reader.skip();
  }
  return { stream, expected, deadline };
}

function readMilliseconds(reader: MessageReader): number {
  let seconds = 0;
  let nanos = 0;
  while (reader.next()) {
    if (reader.field === TIME.seconds) seconds = Number(reader.int64());
    else if (reader.field === TIME.nanos) nanos = Number(reader.int64());
    else reader.skip();
  }
  return seconds * 1_000 + Math.trunc(nanos / 1_000_000);
}
