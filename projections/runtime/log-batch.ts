import type { ProjectedEvent, ProjectedTopic } from './projection.js';

/** All of an event but its data: position, topic, key, revision, type, epoch milliseconds of its recording. */
export type EventHead = readonly [number, ProjectedTopic, string, number, string, number];

/**
 * Events on their way to the worker, in log order. Their data travels as one JSON text: to serialize it costs what a
 * structured clone costs, and its size is known exactly, which is what the bounds of the queue are made of.
 */
export interface LogBatch {
  readonly heads: readonly EventHead[];
  /** A JSON array with the data of each event; `null` where an event had none. */
  readonly data: string;
  /** Everything of ours up to and including this position is in this batch or in one before it. */
  readonly position: number;
}

/** An event as it arrived: its data may be anything. */
export type ArrivedEvent = Omit<ProjectedEvent, 'data'> & { readonly data: unknown };

/** The events of a batch. */
export function eventsOf(batch: LogBatch): ArrivedEvent[] {
  const data = JSON.parse(batch.data) as readonly unknown[];
  return batch.heads.map(([position, topic, key, revision, type, createdAt], index) => ({
    position,
    topic,
    key,
    revision,
    type,
    createdAt,
    data: data[index],
  }));
}
