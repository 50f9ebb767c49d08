import {
  CatchUp,
  type CatchUpItem,
  type CatchUpSource,
  type CatchUpSubscription,
} from './catch-up.js';
import type { CommitFeed } from './commit-feed.js';
import type { EventLog, LogFilter, LogRecord, ResolvedRecord } from './event-log.js';
import type { LiveQueue } from './live-queue.js';
import { compileFilter, type RecordTest } from './log-filter.js';
import { LINK_TYPE } from './system-names.js';

/** Most events of one page. */
const PAGE_LIMIT = 512;

/** Most records that one page considers. */
const LARGEST_WINDOW = 8_192;

export interface CatchUpToAllOptions {
  /** Position, exclusive. */
  readonly from: number | 'start' | 'end';
  readonly resolveLinks: boolean;
  readonly filter?: LogFilter;
  /** With a filter: a checkpoint comes at least every so many records of the log, wanted or not. */
  readonly checkpointEvery?: number;
}

/** A committed record that is wanted, or the checkpoint that is due after it. */
type Live =
  | { readonly kind: 'record'; readonly record: LogRecord }
  | { readonly kind: 'checkpoint'; readonly position: number };

/** A catch-up subscription to `$all`. @throws EngineError `invalid-argument` if the filter cannot be compiled */
export function catchUpToAll(
  log: EventLog,
  feed: CommitFeed,
  options: CatchUpToAllOptions,
): CatchUpSubscription {
  return new CatchUp(new AllSource(log, feed, options));
}

class AllSource implements CatchUpSource<Live> {
  readonly #log: EventLog;
  readonly #feed: CommitFeed;
  readonly #options: CatchUpToAllOptions;
  readonly #matches: RecordTest;
  readonly #checkpointEvery: number;
  /** Everything wanted up to here was handed over. */
  #position: number;
  #lastCheckpoint = 0;
  #considered = 0;
  #committed = 0;

  constructor(log: EventLog, feed: CommitFeed, options: CatchUpToAllOptions) {
    this.#log = log;
    this.#feed = feed;
    this.#options = options;
    this.#matches = compileFilter(options.filter);
    this.#checkpointEvery = options.filter ? (options.checkpointEvery ?? LARGEST_WINDOW) : Infinity;
    const { from } = options;
    this.#position = from === 'start' ? 0 : from === 'end' ? log.head : from;
  }

  follow(queue: LiveQueue<Live>): () => void {
    return this.#feed.followAll((record) => {
      if (this.#matches(record.stream, record.type)) {
        queue.push({ kind: 'record', record }, record.data.length + record.metadata.length);
      }
      if (++this.#committed < this.#checkpointEvery) return;
      this.#committed = 0;
      queue.push({ kind: 'checkpoint', position: record.position }, 0);
    });
  }

  async nextPage(): Promise<{ items: readonly CatchUpItem[]; isEnd: boolean }> {
    const { filter, resolveLinks } = this.#options;
    const page = await this.#log.readAll({
      direction: 'forwards',
      from: this.#position + 1,
      limit: PAGE_LIMIT,
      resolveLinks,
      ...(filter && {
        filter,
        searchWindow: Math.min(this.#checkpointEvery, LARGEST_WINDOW),
      }),
    });
    const items: CatchUpItem[] = page.records.map((entry) => ({ kind: 'event', entry }));
    this.#position = Math.max(this.#position, page.next - 1);
    this.#considered += page.considered;
    if (!page.isEnd && this.#considered >= this.#checkpointEvery) {
      this.#considered %= this.#checkpointEvery;
      items.push(...this.#checkpoint(this.#position));
    }
    return { items, isEnd: page.isEnd };
  }

  atEnd(): readonly CatchUpItem[] {
    return this.#options.filter ? this.#checkpoint(this.#position) : [];
  }

  async live(entries: readonly Live[]): Promise<readonly CatchUpItem[]> {
    const items: CatchUpItem[] = [];
    for (const entry of entries) {
      if (entry.kind === 'checkpoint') {
        this.#position = Math.max(this.#position, entry.position);
        items.push(...this.#checkpoint(entry.position));
      } else if (entry.record.position > this.#position) {
        this.#position = entry.record.position;
        items.push({ kind: 'event', entry: await this.#resolved(entry.record) });
      }
    }
    return items;
  }

  /** Not newer than the one before: nothing. */
  #checkpoint(position: number): readonly CatchUpItem[] {
    if (position <= this.#lastCheckpoint) return [];
    this.#lastCheckpoint = position;
    return [{ kind: 'checkpoint', position }];
  }

  async #resolved(record: LogRecord): Promise<ResolvedRecord> {
    return this.#options.resolveLinks && record.type === LINK_TYPE
      ? resolvedLink(this.#log, record)
      : { event: record };
  }
}

/** A link as a live subscriber meets it. */
export async function resolvedLink(log: EventLog, link: LogRecord): Promise<ResolvedRecord> {
  const event = await log.resolveLink(link);
  return event ? { event, link } : { link };
}
