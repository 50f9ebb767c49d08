import type { ReadableOptions } from 'node:stream';
import {
  type AllStreamSubscription,
  type EventType,
  type Filter,
  InvalidArgumentError,
  type StreamSubscription,
  type SubscribeToAllOptions,
  type SubscribeToStreamOptions,
  UnavailableError,
} from '@eventstore/db-client';
import { catchUpToAll } from '../embedded/catch-up-to-all.js';
import { catchUpToStream } from '../embedded/catch-up-to-stream.js';
import { CommitFeed } from '../embedded/commit-feed.js';
import type { EventLog } from '../embedded/event-log.js';
import { toFromPosition, toFromRevision, toLogFilter } from './client-arguments.js';
import { streamDeleted, toClientError } from './client-errors.js';
import { RecordSubscription } from './record-subscription.js';
import { toAllResolvedEvent, toPosition, toResolvedEvent } from './recorded-event.js';

/** Records that a server considers per page unless the subscriber says otherwise: what checkpoint intervals multiply. */
const DEFAULT_SEARCH_WINDOW = 32;

/** The catch-up subscriptions of one client. */
export class Subscriptions {
  readonly #log: EventLog;
  readonly #feed: CommitFeed;
  readonly #open = new Set<RecordSubscription<never>>();

  constructor(log: EventLog) {
    this.#log = log;
    this.#feed = new CommitFeed(log);
  }

  /** @throws InvalidArgumentError for a bad revision or an empty name */
  toStream<KnownEventType extends EventType>(
    stream: string,
    { fromRevision = 'start', resolveLinkTos = false }: SubscribeToStreamOptions,
    readableOptions: ReadableOptions,
  ): StreamSubscription<KnownEventType> {
    if (stream === '') throw new InvalidArgumentError('The name of a stream must not be empty.');
    const from = toFromRevision(fromRevision);
    const options = { stream, from, resolveLinks: resolveLinkTos };
    return this.#opened(
      new RecordSubscription(
        catchUpToStream(this.#log, this.#feed, options),
        { convert: toResolvedEvent<KnownEventType>, deleted: () => streamDeleted(stream) },
        readableOptions,
      ),
    );
  }

  /** @throws InvalidArgumentError for a bad position or filter */
  toAll(
    { fromPosition = 'start', resolveLinkTos = false, filter }: SubscribeToAllOptions,
    readableOptions: ReadableOptions,
  ): AllStreamSubscription {
    const from = toFromPosition(fromPosition);
    const options = { from, resolveLinks: resolveLinkTos, ...(filter && filterOptions(filter)) };
    const checkpointReached = filter?.checkpointReached?.bind(filter);
    const subscription: AllStreamSubscription = this.#opened(
      new RecordSubscription(
        refusing(() => catchUpToAll(this.#log, this.#feed, options)),
        {
          convert: toAllResolvedEvent,
          deleted: () => new UnavailableError(undefined, '$all cannot be deleted'),
          ...(checkpointReached && {
            checkpointReached: (position) => checkpointReached(subscription, toPosition(position)),
          }),
        },
        readableOptions,
      ),
    );
    return subscription;
  }

  /** Ends them all, with `error` if it is given. */
  end(error?: Error): void {
    this.#feed.close();
    for (const subscription of this.#open) {
      if (error) subscription.destroy(error);
      else void subscription.unsubscribe();
    }
    this.#open.clear();
  }

  #opened<E>(subscription: RecordSubscription<E>): RecordSubscription<E> {
    const entry = subscription as unknown as RecordSubscription<never>;
    this.#open.add(entry);
    subscription.once('close', () => {
      this.#open.delete(entry);
    });
    return subscription;
  }
}

function filterOptions(filter: Filter): {
  filter: ReturnType<typeof toLogFilter>;
  checkpointEvery: number;
} {
  const { maxSearchWindow = DEFAULT_SEARCH_WINDOW, checkpointInterval } = filter;
  if (!(maxSearchWindow > 0)) {
    throw new InvalidArgumentError('MaxSearchWindow must be greater than 0.');
  }
  if (!(checkpointInterval > 0)) {
    throw new InvalidArgumentError('CheckpointInterval must be greater than 0.');
  }
  return { filter: toLogFilter(filter), checkpointEvery: maxSearchWindow * checkpointInterval };
}

function refusing<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw toClientError(error);
  }
}
