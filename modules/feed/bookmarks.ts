import type { JSONType } from '@eventstore/db-client';
import {
  appendCertainly,
  type EventStoreClient,
  newEvents,
  parsePosition,
  type StreamNames,
} from '../event-store/index.js';
import type { Clock } from '../kernel/index.js';
import type { FeedEvent } from './feed.events.js';
import { newestEvent, newestEventOfType } from './log-ends.js';

/** Of the bookmarks only the last one counts. */
const KEPT_BOOKMARKS = 10;

export interface BookmarksDependencies {
  readonly client: Pick<EventStoreClient, 'appendToStream' | 'readStream' | 'setStreamMetadata'>;
  readonly names: StreamNames;
  readonly clock: Clock;
}

/** A recorded bookmark. */
export interface Bookmark {
  readonly position: bigint;
  /** Of its stream; `no_stream` for one of an earlier version, which stands among the other events of the feed. */
  readonly revision: bigint | 'no_stream';
}

/**
 * The bookmarks of the feed: a stream of their own that keeps the newest few, because the stream beside it, of the events
 * that were quarantined, keeps everything. Earlier versions recorded both in one, which is still read.
 */
export class Bookmarks {
  readonly #dependencies: BookmarksDependencies;

  constructor(dependencies: BookmarksDependencies) {
    this.#dependencies = dependencies;
  }

  /** The last one, by whichever instance; `undefined` when there is none. */
  async last(): Promise<Bookmark | undefined> {
    const { client, names } = this.#dependencies;
    const newest = await newestEvent(client, names.bookmarks);
    return newest ? bookmarkOf(newest.data, newest.revision) : this.earlier();
  }

  /** The last one of an earlier version; `undefined` when there is none. */
  async earlier(): Promise<Bookmark | undefined> {
    const { client, names } = this.#dependencies;
    const earlier = await newestEventOfType(client, names.feed, 'FeedBookmarked');
    return earlier && bookmarkOf(earlier.data, 'no_stream');
  }

  /**
   * Records that everything up to `position` was observed, unless another instance recorded something since `last`.
   *
   * @returns whether it is recorded
   */
  async record(position: bigint, last: Bookmark | undefined): Promise<boolean> {
    const { client, clock, names } = this.#dependencies;
    const revision = last?.revision ?? 'no_stream';
    if (revision === 'no_stream') {
      await client.setStreamMetadata(names.bookmarks, { maxCount: KEPT_BOOKMARKS });
    }
    const event: FeedEvent = {
      type: 'FeedBookmarked',
      data: {
        v: 1,
        position: position.toString(),
        at: new Date(clock.now()).toISOString(),
      },
    };
    const outcome = await appendCertainly(names.bookmarks, newEvents([event]), {
      client,
      clock,
      expectedRevision: revision,
    });
    return outcome.kind === 'appended';
  }
}

function bookmarkOf(
  data: JSONType | Uint8Array,
  revision: Bookmark['revision'],
): Bookmark | undefined {
  const { position } = data as unknown as Extract<FeedEvent, { type: 'FeedBookmarked' }>['data'];
  const parsed = parsePosition(position);
  return parsed && { position: parsed.commit, revision };
}
