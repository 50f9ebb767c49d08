import type { CommittedBatch } from './append-queue.js';
import { IS_PLAIN, OUTCOME, OUTCOME_WIDTH } from './batch.js';
import type { LogRecord } from './event-log.js';
import { isMetastream, originalOf } from './system-names.js';

/** The records of a committed batch, made from what was proposed and from where the writer put it. */
export interface CommittedRecords {
  readonly records: readonly LogRecord[];
  /** Streams that the batch appended to and of which every event can be read after it. */
  readonly plainStreams: ReadonlySet<string>;
}

/** Needs no read: the bytes are those that the appender handed over. */
export function committedRecords({ requests, created, result }: CommittedBatch): CommittedRecords {
  const { outcomes, consequences } = result;
  const records: LogRecord[] = [];
  const plainStreams = new Set<string>();
  let nextConsequence = 0;
  requests.forEach(({ kind, stream, events }, index) => {
    const [code, lastRevision = 0, lastPosition = 0, flags = 0] = outcomes.subarray(
      index * OUTCOME_WIDTH,
      (index + 1) * OUTCOME_WIDTH,
    );
    if (code !== OUTCOME.appended) return;
    if (isMetastream(stream)) plainStreams.delete(originalOf(stream));
    if (flags & IS_PLAIN) plainStreams.add(stream);
    else plainStreams.delete(stream);
    if (kind === 'append') {
      events.forEach((event, place) => {
        const before = events.length - 1 - place;
        const position = lastPosition - before;
        const revision = lastRevision - before;
        records.push({
          position,
          stream,
          revision,
          created,
          id: event.id,
          type: event.type,
          isJson: event.isJson,
          isCanonical: event.isCanonical === true,
          data: event.data,
          metadata: event.metadata,
        });
      });
    }
    while (consequences[nextConsequence]?.request === index) {
      const record = consequences[nextConsequence++]?.record;
      if (record) records.push(record);
    }
  });
  return { records, plainStreams };
}
