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
    const at = index * OUTCOME_WIDTH;
    if (outcomes[at] !== OUTCOME.appended) return;
    if (isMetastream(stream)) plainStreams.delete(originalOf(stream));
    if ((outcomes[at + 3] ?? 0) & IS_PLAIN) plainStreams.add(stream);
    else plainStreams.delete(stream);
    if (kind === 'append') {
      let revision = (outcomes[at + 1] ?? 0) - events.length;
      let position = (outcomes[at + 2] ?? 0) - events.length;
      for (const { id, type, isJson, data, metadata } of events) {
        revision++;
        position++;
        records.push({ position, stream, revision, id, type, isJson, created, data, metadata });
      }
    }
    while (consequences[nextConsequence]?.request === index) {
      const record = consequences[nextConsequence++]?.record;
      if (record) records.push(record);
    }
  });
  return { records, plainStreams };
}
