import {
  ErrorType,
  type Filter,
  type PersistentSubscriptionToAll,
  persistentSubscriptionToAllSettingsFromDefaults,
  START,
  streamNameFilter,
} from '@eventstore/db-client';
import { type EventStore, isClientError, type StreamNames } from '../event-store/index.js';
import type { Bookmarks } from './bookmarks.js';
import type { FeedOptions } from './feed.options.js';
import { startingPosition } from './starting-position.js';

/** A message that is never answered comes again this often before the event store would park it. */
const MAX_RETRIES = 10_000;

export interface ConsumerGroupDependencies {
  readonly store: EventStore;
  readonly names: StreamNames;
  readonly bookmarks: Bookmarks;
  readonly options: FeedOptions;
}

/**
 * The consumer group on `$all` through which all instances observe the event store together.
 */
export class ConsumerGroup {
  readonly #dependencies: ConsumerGroupDependencies;

  constructor(dependencies: ConsumerGroupDependencies) {
    this.#dependencies = dependencies;
  }

  /**
   * Creates the group unless it is there. It never starts at the end: a group that starts at the end and has no checkpoint
   * yet begins anew at "now" after a restart of the server, and what it had not handled is gone.
   */
  async ensure(): Promise<void> {
    const { names, options, store, bookmarks } = this.#dependencies;
    const { groupName, messageTimeoutMs, bufferSize } = options;
    const { client, capabilities } = store;
    const commit = await startingPosition({
      client,
      names,
      bookmark: () => bookmarks.last(),
    });
    const settings = persistentSubscriptionToAllSettingsFromDefaults({
      startFrom: commit === 0n ? START : { commit, prepare: commit },
      messageTimeout: messageTimeoutMs,
      maxRetryCount: MAX_RETRIES,
      historyBufferSize: 4 * bufferSize,
      liveBufferSize: 4 * bufferSize,
      readBatchSize: Math.min(bufferSize, 500),
      checkPointLowerBound: 10,
      checkPointUpperBound: 1_000,
    });
    try {
      await client.createPersistentSubscriptionToAll(
        groupName,
        settings,
        capabilities.hasSafeServerSideFilter ? { filter: this.#filter() } : {},
      );
    } catch (error) {
      if (!isClientError(error, ErrorType.PERSISTENT_SUBSCRIPTION_EXISTS)) throw error;
    }
  }

  subscribe(): PersistentSubscriptionToAll {
    const { store, options } = this.#dependencies;
    const { bufferSize, groupName } = options;
    return store.client.subscribeToPersistentSubscriptionToAll(
      groupName,
      { bufferSize },
      { readableHighWaterMark: bufferSize },
    );
  }

  #filter(): Filter {
    const prefix = this.#dependencies.names.prefix.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    return streamNameFilter({ regex: `^(?!\\$|${prefix})` });
  }
}
