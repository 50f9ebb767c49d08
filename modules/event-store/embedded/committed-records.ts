import type { CommittedBatch } from './append-queue.js';
import { IS_PLAIN, OUTCOME, OUTCOME_WIDTH } from './batch.js';
import type { LogRecord } from './event-log.js';

/** The records of a committed batch, made from what was proposed and from where the writer put it. */
export interface CommittedRecords {
  readonly records: readonly LogRecord[];
  /** Streams of which every event can be read, as far as this batch touched them. */
  readonly plainStreams: ReadonlySet<string>;
}

/** Needs no read: the bytes are those that the appender handed over. */
export function committedRecords({ requests, created, result }: CommittedBatch): CommittedRecords {
  const { outcomes, consequences } = result;
  const records: LogRecord[] = [];
  const plainStreams = new Set<string>();
  let consequence = 0;
  requests.forEach(({ kind, stream, events }, index) => {
    const at = index * OUTCOME_WIDTH;
    if (outcomes[at] !== OUTCOME.appended) return;
    const flags = outcomes[at + 3] ?? 0;
    if (flags & IS_PLAIN) plainStreams.add(stream);
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
    for (; consequences[consequence]?.request === index; consequence++) {
      const record = consequences[consequence]?.record;
      if (record) records.push(record);
    }
  });
  return { records, plainStreams };
}
