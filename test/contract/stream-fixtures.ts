import { randomUUID } from 'node:crypto';
import {
  jsonEvent,
  type AllStreamResolvedEvent,
  type AppendResult,
  type EventData,
  type JSONEventData,
  type Position,
  type ResolvedEvent,
  type StreamingRead,
} from '@eventstore/db-client';
import type { EventStoreClient } from '../../modules/event-store/index.js';

/** The calls that the stream contract is about. */
export type StreamCalls = Pick<
  EventStoreClient,
  | 'appendToStream'
  | 'readStream'
  | 'readAll'
  | 'deleteStream'
  | 'tombstoneStream'
  | 'setStreamMetadata'
  | 'getStreamMetadata'
  | 'subscribeToStream'
  | 'subscribeToAll'
>;

/** Opens a client of the event store under test; `throwOnAppendFailure` as the official client knows it. */
export type OpenStreamsClient = (options?: {
  readonly throwOnAppendFailure?: boolean;
}) => Promise<{ readonly client: StreamCalls; close(): Promise<void> }>;

/** The client of the running test. */
export type GetClient = () => StreamCalls;

/** What the names of everything that this run of a suite makes have in common. */
export const RUN = `contract-${randomUUID()}`;

/** A stream name that no other test uses, nor any other run on the same store. */
export function uniqueStream(purpose = 'stream'): string {
  return `${RUN}-${purpose}-${randomUUID()}`;
}

export function anEvent(
  data: Record<string, unknown> = { a: 1 },
  type = 'thing-happened',
): JSONEventData {
  return jsonEvent({ type, data });
}

/** Events with `{ n: from }`, `{ n: from + 1 }`, ... */
export function numbered(count: number, from = 0, type = 'numbered'): JSONEventData[] {
  return Array.from({ length: count }, (_, index) => anEvent({ n: from + index }, type));
}

/** The link to event `revision` of `stream`. */
export function linkTo(stream: string, revision: number | string): EventData {
  return {
    id: randomUUID(),
    type: '$>',
    contentType: 'application/octet-stream',
    data: Buffer.from(`${revision}@${stream}`),
    metadata: undefined,
  };
}

/** Everything a read yields. */
export async function all<E>(read: StreamingRead<E>): Promise<E[]> {
  const events: E[] = [];
  for await (const event of read) events.push(event);
  return events;
}

/** The data of events; `undefined` where there is none. */
export function dataOf(events: readonly (ResolvedEvent | AllStreamResolvedEvent)[]): unknown[] {
  return events.map(({ event }) => event?.data);
}

export function revisionsOf(events: readonly ResolvedEvent[]): (bigint | undefined)[] {
  return events.map(({ event }) => event?.revision);
}

/** The position of an append's answer. */
export function positionOf({ position }: AppendResult): Position {
  if (!position) throw new Error('no position');
  return position;
}

/** The rejection of `work`; fails if there is none. */
export async function rejection(work: Promise<unknown>): Promise<unknown> {
  try {
    await work;
  } catch (error) {
    return error;
  }
  throw new Error('Expected a rejection');
}
