import type { ReadableOptions } from 'node:stream';
import {
  type AllStreamResolvedEvent,
  type AllStreamSubscription,
  type AppendResult,
  type AppendToStreamOptions,
  type DeleteResult,
  type DeleteStreamOptions,
  type EventData,
  type EventType,
  type GetStreamMetadataOptions,
  type GetStreamMetadataResult,
  jsonEvent,
  type ReadAllOptions,
  type ReadStreamOptions,
  type ResolvedEvent,
  type SetStreamMetadataOptions,
  type StreamingRead,
  type StreamMetadata,
  StreamNotFoundError,
  type StreamSubscription,
  type SubscribeToAllOptions,
  type SubscribeToStreamOptions,
  type TombstoneStreamOptions,
} from '@eventstore/db-client';
import type { Clock } from '../../kernel/index.js';
import { type AppendOutcome, EngineError, type EventLog } from '../embedded/event-log.js';
import { METADATA_TYPE, metastreamOf } from '../embedded/system-names.js';
import type { EventStoreClient } from '../event-store-client.js';
import { checkTarget, toExpected, toProposed } from './client-arguments.js';
import { toClientError, toDeletionError } from './client-errors.js';
import { withinDeadline } from './deadline.js';
import { pagesOfAll, pagesOfStream } from './read-pages.js';
import { RecordRead } from './record-read.js';
import { toAllResolvedEvent, toPosition, toResolvedEvent } from './recorded-event.js';
import { fromStoredMetadata, toStoredMetadata } from './stream-metadata-names.js';
import { Subscriptions } from './subscriptions.js';

/** The calls of the official client that this class offers. */
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

export interface StreamsClientOptions {
  readonly log: EventLog;
  readonly clock: Clock;
  /** Resolves when another append may be prepared; `undefined` if it may at once. */
  readonly room: () => Promise<void> | undefined;
  /**
   * Whether an append with a wrong expected revision throws; otherwise it resolves with `success: false` and the current
   * revision. Default: true.
   */
  readonly throwOnAppendFailure?: boolean;
}

/**
 * Streams in the vocabulary, and with the errors, of the official client, on the engine in this process.
 *
 * It knows no users and no cluster: `credentials`, `requiresLeader` and `batchAppendSize` are accepted and mean nothing.
 * `deadline` holds where it is given; there is no default one.
 */
export class StreamsClient implements StreamCalls {
  readonly #log: EventLog;
  readonly #clock: Clock;
  readonly #room: () => Promise<void> | undefined;
  readonly #throwOnAppendFailure: boolean;
  readonly #subscriptions: Subscriptions;

  constructor({ log, clock, room, throwOnAppendFailure = true }: StreamsClientOptions) {
    this.#log = log;
    this.#clock = clock;
    this.#room = room;
    this.#throwOnAppendFailure = throwOnAppendFailure;
    this.#subscriptions = new Subscriptions(log);
  }

  async appendToStream<KnownEventType extends EventType = EventType>(
    streamName: string,
    events: EventData<KnownEventType> | EventData<KnownEventType>[],
    options: AppendToStreamOptions = {},
  ): Promise<AppendResult> {
    const list: EventData[] = Array.isArray(events) ? events : [events];
    const result = this.#append(streamName, list, options);
    return withinDeadline(this.#clock, options.deadline, result);
  }

  readStream<KnownEventType extends EventType = EventType>(
    streamName: string,
    options: ReadStreamOptions = {},
    readableOptions: ReadableOptions = {},
  ): StreamingRead<ResolvedEvent<KnownEventType>> {
    const nextPage = pagesOfStream(this.#log, streamName, options);
    return new RecordRead(nextPage, toResolvedEvent<KnownEventType>, readableOptions);
  }

  readAll(
    options: ReadAllOptions = {},
    readableOptions: ReadableOptions = {},
  ): StreamingRead<AllStreamResolvedEvent> {
    return new RecordRead(pagesOfAll(this.#log, options), toAllResolvedEvent, readableOptions);
  }

  async deleteStream(streamName: string, options: DeleteStreamOptions = {}): Promise<DeleteResult> {
    return this.#delete(streamName, options, false);
  }

  async tombstoneStream(
    streamName: string,
    options: TombstoneStreamOptions = {},
  ): Promise<DeleteResult> {
    return this.#delete(streamName, options, true);
  }

  async setStreamMetadata<MetadataType extends StreamMetadata = StreamMetadata>(
    streamName: string,
    metadata: StreamMetadata<MetadataType>,
    options: SetStreamMetadataOptions = {},
  ): Promise<AppendResult> {
    const event = jsonEvent({ type: METADATA_TYPE, data: toStoredMetadata(metadata) });
    return this.appendToStream(metastreamOf(streamName), event, options);
  }

  async getStreamMetadata<CustomMetadata extends Record<string | number, unknown>>(
    streamName: string,
    options: GetStreamMetadataOptions = {},
  ): Promise<GetStreamMetadataResult<CustomMetadata>> {
    const last = await this.#lastMetadata(streamName, options);
    if (!last?.isJson || typeof last.data !== 'object') return { streamName };
    const metadata = fromStoredMetadata(last.data as Record<string, unknown>);
    return {
      streamName,
      metadata: metadata as StreamMetadata<CustomMetadata>,
      metastreamRevision: last.revision,
    };
  }

  subscribeToStream<KnownEventType extends EventType = EventType>(
    streamName: string,
    options: SubscribeToStreamOptions = {},
    readableOptions: ReadableOptions = {},
  ): StreamSubscription<KnownEventType> {
    return this.#subscriptions.toStream<KnownEventType>(streamName, options, readableOptions);
  }

  subscribeToAll(
    options: SubscribeToAllOptions = {},
    readableOptions: ReadableOptions = {},
  ): AllStreamSubscription {
    return this.#subscriptions.toAll(options, readableOptions);
  }

  /** Ends every catch-up subscription: with `error` if it is given, else as if it had been unsubscribed. */
  endSubscriptions(error?: Error): void {
    this.#subscriptions.end(error);
  }

  async #append(
    streamName: string,
    events: readonly EventData[],
    { expectedRevision = 'any' }: AppendToStreamOptions,
  ): Promise<AppendResult> {
    checkTarget(streamName);
    const expected = toExpected(expectedRevision);
    const room = this.#room();
    if (room) await room;
    const proposed = events.map(toProposed);
    try {
      const { revision, position } = await this.#log.append(streamName, expected, proposed);
      return success({ revision, position });
    } catch (error) {
      if (!this.#throwOnAppendFailure && error instanceof EngineError) {
        const { detail } = error;
        if (detail.kind === 'wrong-expected-version') {
          return { success: false, nextExpectedRevision: BigInt(detail.current) };
        }
      }
      throw toClientError(error);
    }
  }

  async #delete(
    streamName: string,
    { expectedRevision = 'any', deadline }: DeleteStreamOptions,
    isHard: boolean,
  ): Promise<DeleteResult> {
    checkTarget(streamName);
    const deletion = this.#log.delete(streamName, toExpected(expectedRevision), isHard);
    try {
      const position = await withinDeadline(this.#clock, deadline, deletion);
      return { position: toPosition(position) };
    } catch (error) {
      throw toDeletionError(error);
    }
  }

  async #lastMetadata(
    streamName: string,
    options: GetStreamMetadataOptions,
  ): Promise<ResolvedEvent['event'] | undefined> {
    const read = this.readStream(metastreamOf(streamName), {
      ...options,
      fromRevision: 'end',
      direction: 'backwards',
      maxCount: 1,
    });
    try {
      for await (const { event } of read) return event;
      return undefined;
    } catch (error) {
      if (error instanceof StreamNotFoundError) return undefined;
      throw error;
    }
  }
}

function success({ revision, position }: AppendOutcome): AppendResult {
  return {
    success: true,
    nextExpectedRevision: BigInt(revision),
    ...(position !== null && { position: toPosition(position) }),
  };
}
