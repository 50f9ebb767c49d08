import { parentPort, workerData } from 'node:worker_threads';
import { ReadModelReader, type Sql } from './read-model-reader.js';
import { answerCalls } from './thread-protocol.js';

/** What the reading thread offers. */
export interface ReaderMethods {
  /** Runs the queries on one state of the tables. @returns the rows of each */
  read(queries: readonly Sql[]): unknown[][];
  close(): void;
}

const { path } = workerData as { readonly path: string };
let reader: ReadModelReader | undefined;

if (parentPort) {
  answerCalls(
    parentPort,
    {
      read: (queries: readonly Sql[]) => (reader ??= new ReadModelReader(path)).read(queries),
      close: () => {
        reader?.close();
        reader = undefined;
      },
    } satisfies ReaderMethods,
    'PSH_PROJECTION_UNAVAILABLE',
  );
}
