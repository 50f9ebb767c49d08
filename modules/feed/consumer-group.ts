import {
  END,
  ErrorType,
  type Filter,
  type PersistentSubscriptionToAll,
  persistentSubscriptionToAllSettingsFromDefaults,
  type Position,
  type ResolvedEvent,
  START,
  streamNameFilter,
} from '@eventstore/db-client';
import {
  type EventStore,
  isClientError,
  parsePosition,
  type StreamNames,
} from '../event-store/index.js';
import type { FeedEvent } from './feed.events.js';
import type { FeedOptions } from './feed.options.js';

/** A message that is never answered comes again this often before the event store would park it. */
const MAX_RETRIES = 10_000;
const LOG_START: Position = { commit: 0n, prepare: 0n };

/**
 * The consumer group on `$all` through which all instances observe the event store together.
 */
export class ConsumerGroup {
  readonly #store: EventStore;
  readonly #names: StreamNames;
  readonly #options: FeedOptions;

  constructor(store: EventStore, names: StreamNames, options: FeedOptions) {
    this.#store = store;
    this.#names = names;
    this.#options = options;
  }

  /**
   * Creates the group unless it is there. It never starts at the end: a group that starts at the end and has no checkpoint
   * yet begins anew at "now" after a restart of the server, and what it had not handled is gone.
   */
  async ensure(): Promise<void> {
    const { groupName, messageTimeoutMs, bufferSize } = this.#options;
    const settings = persistentSubscriptionToAllSettingsFromDefaults({
      startFrom: await this.#startingPosition(),
      messageTimeout: messageTimeoutMs,
      maxRetryCount: MAX_RETRIES,
      historyBufferSize: 4 * bufferSize,
      liveBufferSize: 4 * bufferSize,
      readBatchSize: Math.min(bufferSize, 500),
      checkPointLowerBound: 10,
      checkPointUpperBound: 1_000,
    });
    try {
      await this.#store.client.createPersistentSubscriptionToAll(groupName, settings, {
        ...(this.#store.capabilities.hasSafeServerSideFilter ? { filter: this.#filter() } : {}),
      });
    } catch (error) {
      if (!isClientError(error, ErrorType.PERSISTENT_SUBSCRIPTION_EXISTS)) throw error;
    }
  }

  subscribe(): PersistentSubscriptionToAll {
    const { bufferSize, groupName } = this.#options;
    return this.#store.client.subscribeToPersistentSubscriptionToAll(
      groupName,
      { bufferSize },
      { readableHighWaterMark: bufferSize },
    );
  }

  /** Position up to which the group has acknowledged everything, as far as it was recorded. */
  async checkpoint(): Promise<bigint | null> {
    const info = await this.#store.client.getPersistentSubscriptionToAllInfo(
      this.#options.groupName,
    );
    return info.stats.lastCheckpointedEventPosition?.commit ?? null;
  }

  /** Position of the newest event of the log; 0 when it is empty. */
  async endOfLog(): Promise<bigint> {
    const newest = this.#store.client.readAll({
      direction: 'backwards',
      fromPosition: END,
      maxCount: 1,
    });
    for await (const { event, link } of newest) {
      return (link ?? event)?.position.commit ?? 0n;
    }
    return 0n;
  }

  /**
   * The last bookmark; else the first registration of a webhook; else the end of the log. Before the first registration
   * nothing is a member of any webhook. The end is read first: what is registered between the two reads lies behind it.
   */
  async #startingPosition(): Promise<Position | typeof START> {
    const bookmark = await this.#lastBookmark();
    if (bookmark) return bookmark;
    const end = await this.endOfLog();
    const firstRegistration = await this.#firstRegistration();
    const commit = firstRegistration !== null && firstRegistration < end ? firstRegistration : end;
    return commit === 0n ? LOG_START : { commit, prepare: commit };
  }

  async #lastBookmark(): Promise<Position | undefined> {
    const options = { direction: 'backwards', fromRevision: END } as const;
    return this.#find(this.#names.feed, options, ({ event }) => {
      const recorded = event as unknown as FeedEvent | undefined;
      return recorded?.type === 'FeedBookmarked'
        ? parsePosition(recorded.data.position)
        : undefined;
    });
  }

  async #firstRegistration(): Promise<bigint | null> {
    const options = { direction: 'forwards', fromRevision: START, maxCount: 1 } as const;
    const found = await this.#find(
      this.#names.registry,
      options,
      ({ event }) => event?.position?.commit,
    );
    return found ?? null;
  }

  async #find<Found>(
    stream: string,
    options: NonNullable<Parameters<EventStore['client']['readStream']>[1]>,
    pick: (resolved: ResolvedEvent) => Found | undefined,
  ): Promise<Found | undefined> {
    try {
      for await (const resolved of this.#store.client.readStream(stream, options)) {
        const found = pick(resolved);
        if (found !== undefined) return found;
      }
    } catch (error) {
      if (!isClientError(error, ErrorType.STREAM_NOT_FOUND)) throw error;
    }
    return undefined;
  }

  #filter(): Filter {
    const prefix = this.#names.prefix.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    return streamNameFilter({ regex: `^(?!\\$|${prefix})` });
  }
}
