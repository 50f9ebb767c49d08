import { parentPort, workerData } from 'node:worker_threads';
import { PROJECTIONS } from '../catalog.js';
import type { LogBatch } from './log-batch.js';
import { type Applied, ReadModelWriter, type TablesPosition } from './read-model-writer.js';
import { answerCalls } from './thread-protocol.js';

/** What the writing thread offers. */
export interface WriterMethods {
  /** Opens the file. @returns lines for the log */
  open(): readonly string[];
  /** Where the tables are. */
  where(): TablesPosition;
  apply(batch: LogBatch): Applied;
  close(): void;
}

const { path } = workerData as { readonly path: string };
let writer: ReadModelWriter | undefined;

function opened(): ReadModelWriter {
  return (writer ??= new ReadModelWriter(path, PROJECTIONS));
}

if (parentPort) {
  answerCalls(
    parentPort,
    {
      open: () => opened().notes,
      where: () => opened().where,
      apply: (batch: LogBatch) => opened().apply(batch),
      close: () => {
        writer?.close();
        writer = undefined;
      },
    } satisfies WriterMethods,
    'PSH_PROJECTION_UNAVAILABLE',
  );
}
