import Database from 'better-sqlite3';
import type { CommittedBatch } from '../../modules/event-store/embedded/append-queue.js';
import {
  encodeBatch,
  encodedBytes,
  OUTCOME,
  OUTCOME_WIDTH,
  type WriteRequest,
} from '../../modules/event-store/embedded/batch.js';
import {
  committedRecords,
  type CommittedRecords,
} from '../../modules/event-store/embedded/committed-records.js';
import { LogReader } from '../../modules/event-store/embedded/log-reader.js';
import { LogWriter } from '../../modules/event-store/embedded/log-writer.js';
import { SCHEMA } from '../../modules/event-store/embedded/schema.js';

export interface WriteOutcome {
  readonly kind: keyof typeof OUTCOME;
  /** For a wrong version: the current one. */
  readonly revision: number;
  readonly position: number;
}

/** The two halves of the engine without their threads, on a store in memory. */
export class WriterHarness {
  readonly database = new Database(':memory:');
  readonly reader: LogReader;
  readonly writer: LogWriter;
  now = 1_000_000;

  constructor() {
    this.database.exec(SCHEMA);
    this.writer = new LogWriter(this.database);
    this.reader = new LogReader(this.database);
  }

  /** Applies requests as one batch. */
  write(requests: readonly WriteRequest[]): {
    readonly outcomes: readonly WriteOutcome[];
    readonly committed: CommittedRecords;
  } {
    const bytes = requests.reduce((sum, request) => sum + encodedBytes(request), 0);
    const [result] = this.writer.apply([encodeBatch(requests, bytes, this.now)]);
    if (result?.kind !== 'committed') throw new Error('refused');
    const batch: CommittedBatch = { requests, created: this.now, result };
    const outcomes = requests.map((_, index): WriteOutcome => {
      const [code, revision = -1, position = -1] = result.outcomes.subarray(
        index * OUTCOME_WIDTH,
        (index + 1) * OUTCOME_WIDTH,
      );
      const kinds = Object.keys(OUTCOME) as (keyof typeof OUTCOME)[];
      const kind = kinds.find((name) => OUTCOME[name] === code);
      if (!kind) throw new Error(`no outcome ${String(code)}`);
      return { kind, revision, position };
    });
    return { outcomes, committed: committedRecords(batch) };
  }

  close(): void {
    this.database.close();
  }
}
