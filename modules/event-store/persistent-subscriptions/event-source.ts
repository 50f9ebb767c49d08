import type { EventLog, LogFilter, LogRecord } from '../embedded/event-log.js';
import { compileFilter } from '../embedded/log-filter.js';
import { ALL, type GroupConfig } from './group-settings.js';
import type { HistoryPage } from './group/intake.js';

/** What a group subscribes to: a stream, whose places are revisions, or `$all`, whose places are positions. */
export interface EventSource {
  placeOf(record: LogRecord): number;
  /** Whether the group wants a record of its source. */
  matches(record: LogRecord): boolean;
  /** @returns `undefined` if the source cannot be read any more: its stream is tombstoned */
  read(from: number, limit: number): Promise<HistoryPage | undefined>;
  /** Place of the last record now; below that of the first record if there is none. */
  endPlace(): Promise<number>;
  /** Place from which on every record is going to be committed in this process; unknown for a stream. */
  liveFrom(): number | undefined;
}

/** Fewest records of `$all` that a read looks through for those that the filter wants. */
const SEARCH_WINDOW = 1_000;

/** The source of a group. @throws EngineError `invalid-argument` if its filter is not one */
export function eventSourceFor(log: EventLog, config: GroupConfig): EventSource {
  if (config.eventSource !== ALL) return new StreamSource(log, config);
  return new AllSource(log, config);
}

class StreamSource implements EventSource {
  readonly #log: EventLog;
  readonly #stream: string;
  readonly #resolveLinks: boolean;

  constructor(log: EventLog, config: GroupConfig) {
    this.#log = log;
    this.#stream = config.eventSource;
    this.#resolveLinks = config.settings.resolveLinkTos;
  }

  placeOf(record: LogRecord): number {
    return record.revision;
  }

  matches(): boolean {
    return true;
  }

  async read(from: number, limit: number): Promise<HistoryPage | undefined> {
    const page = await this.#log.readStream({
      stream: this.#stream,
      direction: 'forwards',
      from,
      limit,
      resolveLinks: this.#resolveLinks,
    });
    if (page.state === 'tombstoned') return undefined;
    return {
      records: page.records.map((record) => ({
        record,
        place: (record.link ?? record.event)?.revision ?? from,
      })),
      next: page.next ?? page.lastRevision + 1,
      isEnd: page.next === null,
      considered: page.records.length,
    };
  }

  async endPlace(): Promise<number> {
    const { lastRevision } = await this.#log.readStream({
      stream: this.#stream,
      direction: 'backwards',
      from: 'end',
      limit: 1,
      resolveLinks: false,
    });
    return lastRevision;
  }

  liveFrom(): undefined {
    return undefined;
  }
}

class AllSource implements EventSource {
  readonly #log: EventLog;
  readonly #filter: LogFilter | undefined;
  readonly #test: (stream: string, type: string) => boolean;
  readonly #resolveLinks: boolean;
  readonly #searchWindow: number;

  constructor(log: EventLog, config: GroupConfig) {
    this.#log = log;
    this.#filter = config.filter;
    this.#test = compileFilter(config.filter);
    this.#resolveLinks = config.settings.resolveLinkTos;
    this.#searchWindow = Math.max(config.settings.maxCheckpointCount, SEARCH_WINDOW);
  }

  placeOf(record: LogRecord): number {
    return record.position;
  }

  matches(record: LogRecord): boolean {
    return this.#test(record.stream, record.type);
  }

  async read(from: number, limit: number): Promise<HistoryPage> {
    const page = await this.#log.readAll({
      direction: 'forwards',
      from,
      limit,
      resolveLinks: this.#resolveLinks,
      searchWindow: Math.max(limit, this.#searchWindow),
      ...(this.#filter ? { filter: this.#filter } : {}),
    });
    return {
      records: page.records.map((record) => ({
        record,
        place: (record.link ?? record.event)?.position ?? from,
      })),
      next: page.next,
      isEnd: page.isEnd,
      considered: page.considered,
    };
  }

  endPlace(): Promise<number> {
    return Promise.resolve(this.#log.head);
  }

  liveFrom(): number {
    return this.#log.head + 1;
  }
}
