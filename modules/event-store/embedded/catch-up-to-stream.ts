import {
  CatchUp,
  type CatchUpItem,
  type CatchUpSource,
  type CatchUpSubscription,
} from './catch-up.js';
import { resolvedLink } from './catch-up-to-all.js';
import type { CommitFeed } from './commit-feed.js';
import { type EventLog, type LogRecord, TOMBSTONE_REVISION } from './event-log.js';
import type { LiveQueue } from './live-queue.js';
import { LINK_TYPE } from './system-names.js';

/** Most events of one page. */
const PAGE_LIMIT = 512;

export interface CatchUpToStreamOptions {
  readonly stream: string;
  /** Revision, exclusive. */
  readonly from: number | 'start' | 'end';
  readonly resolveLinks: boolean;
}

/** A catch-up subscription to a stream, which need not exist yet. */
export function catchUpToStream(
  log: EventLog,
  feed: CommitFeed,
  options: CatchUpToStreamOptions,
): CatchUpSubscription {
  return new CatchUp(new StreamSource(log, feed, options));
}

class StreamSource implements CatchUpSource<LogRecord> {
  readonly #log: EventLog;
  readonly #feed: CommitFeed;
  readonly #options: CatchUpToStreamOptions;
  /** Revision of the next event wanted; unknown until the end was looked up. */
  #next: number | undefined;

  constructor(log: EventLog, feed: CommitFeed, options: CatchUpToStreamOptions) {
    this.#log = log;
    this.#feed = feed;
    this.#options = options;
    const { from } = options;
    if (from !== 'end') this.#next = from === 'start' ? 0 : from + 1;
  }

  follow(queue: LiveQueue<LogRecord>): () => void {
    return this.#feed.followStream(this.#options.stream, (record) => {
      queue.push(record, record.data.length + record.metadata.length);
    });
  }

  async nextPage(): Promise<{ items: readonly CatchUpItem[]; isEnd: boolean }> {
    const { stream, resolveLinks } = this.#options;
    const page = await this.#log.readStream({
      stream,
      direction: this.#next === undefined ? 'backwards' : 'forwards',
      from: this.#next ?? 'end',
      limit: this.#next === undefined ? 1 : PAGE_LIMIT,
      resolveLinks,
    });
    if (page.state === 'tombstoned') return { items: [{ kind: 'stream-deleted' }], isEnd: false };
    if (this.#next === undefined) {
      this.#next = page.lastRevision + 1;
      return { items: [], isEnd: true };
    }
    const last = page.records.at(-1);
    const reached = last && (last.link ?? last.event)?.revision;
    this.#next = page.next ?? Math.max(this.#next, (reached ?? -1) + 1);
    const items = page.records.map((entry): CatchUpItem => ({ kind: 'event', entry }));
    return { items, isEnd: page.next === null };
  }

  atEnd(): readonly CatchUpItem[] {
    return [];
  }

  async live(entries: readonly LogRecord[]): Promise<readonly CatchUpItem[]> {
    const { resolveLinks } = this.#options;
    const items: CatchUpItem[] = [];
    for (const record of entries) {
      if (record.revision < (this.#next ?? 0)) continue;
      this.#next = record.revision + 1;
      const isLink = resolveLinks && record.type === LINK_TYPE;
      const entry = isLink ? await resolvedLink(this.#log, record) : { event: record };
      items.push({ kind: 'event', entry });
      if (record.revision === TOMBSTONE_REVISION) items.push({ kind: 'stream-deleted' });
    }
    return items;
  }
}
