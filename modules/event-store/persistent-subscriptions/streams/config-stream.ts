import type { EventLog, LogFilter } from '../../embedded/event-log.js';
import {
  ALL,
  formatStartFrom,
  type GroupConfig,
  parseStartFrom,
  type StartFrom,
} from '../group-settings.js';
import { jsonEvent, setMetadata, textOf } from './own-events.js';

const CONFIG_STREAM = '$persistentSubscriptionConfig';
const CONFIG_TYPE = '$PersistentConfig';
const CONFIG_VERSION = '2';
const KEPT_CONFIGS = 2;
const UPDATED_BY = 'system';
const INT64_MIN = -(2n ** 63n);

/** A group as the configuration stream has it, in the form of EventStoreDB; what is 0, false or empty is left out. */
interface Entry {
  stream?: string;
  group?: string;
  filter?: FilterEntry;
  resolveLinkTos?: boolean;
  extraStatistics?: boolean;
  messageTimeout?: number;
  /** For readers of older versions only; an integer that may exceed 2^53, which is why it is a text until it is written. */
  startFrom?: string;
  startPosition?: string;
  liveBufferSize?: number;
  historyBufferSize?: number;
  maxRetryCount?: number;
  readBatchSize?: number;
  checkPointAfter?: number;
  minCheckPointCount?: number;
  maxCheckPointCount?: number;
  maxSubscriberCount?: number;
  namedConsumerStrategy?: string;
  /** Ours: where the end was when the group was created there. */
  endPlace?: number;
}

interface FilterEntry {
  readonly context: 'streamName' | 'eventType';
  readonly type: 'regex' | 'prefix';
  /** The expression, or the prefixes joined by commas. */
  readonly data: string;
  /** Ours: the prefixes one by one, because one may contain a comma. */
  readonly prefixes?: readonly string[];
}

/** The groups that exist: one event with all of them per change. */
export class ConfigStream {
  readonly #log: EventLog;

  constructor(log: EventLog) {
    this.#log = log;
  }

  /**
   * The groups of the last configuration that can be read: anybody may have appended to the stream.
   * @returns `undefined` if there are configurations and none can be read
   */
  async load(): Promise<readonly GroupConfig[] | undefined> {
    const { records } = await this.#log.readStream({
      stream: CONFIG_STREAM,
      direction: 'backwards',
      from: 'end',
      limit: KEPT_CONFIGS,
      resolveLinks: false,
    });
    for (const { event } of records) {
      const config = event && parseConfig(textOf(event.data));
      if (config) return config;
    }
    return records.length === 0 ? [] : undefined;
  }

  async save(groups: readonly GroupConfig[], nowMs: number): Promise<void> {
    const config = {
      version: CONFIG_VERSION,
      updated: new Date(nowMs).toISOString(),
      updatedBy: UPDATED_BY,
      entries: groups.map(entryOf),
    };
    const json = JSON.stringify(config).replace(/"startFrom":"(-?\d+)"/g, '"startFrom":$1');
    const { revision } = await this.#log.append(CONFIG_STREAM, 'any', [
      { ...jsonEvent(CONFIG_TYPE, json), isCanonical: false },
    ]);
    if (revision === 0) await setMetadata(this.#log, CONFIG_STREAM, { $maxCount: KEPT_CONFIGS });
  }
}

function entryOf(config: GroupConfig): Entry {
  const { settings } = config;
  const isStream = typeof settings.startFrom === 'bigint';
  const entry: Entry = {
    stream: config.eventSource,
    group: config.group,
    resolveLinkTos: settings.resolveLinkTos,
    extraStatistics: settings.extraStatistics,
    messageTimeout: settings.messageTimeoutMs,
    startFrom: (isStream ? settings.startFrom : INT64_MIN).toString(),
    startPosition: formatStartFrom(settings.startFrom),
    liveBufferSize: settings.liveBufferSize,
    historyBufferSize: settings.historyBufferSize,
    maxRetryCount: settings.maxRetryCount,
    readBatchSize: settings.readBatchSize,
    checkPointAfter: settings.checkpointAfterMs,
    minCheckPointCount: settings.minCheckpointCount,
    maxCheckPointCount: settings.maxCheckpointCount,
    maxSubscriberCount: settings.maxSubscriberCount,
    namedConsumerStrategy: settings.consumerStrategyName,
  };
  const present = Object.entries(entry).filter(([, value]) => Boolean(value) && value !== '0');
  return {
    ...(Object.fromEntries(present) as Entry),
    startPosition: formatStartFrom(settings.startFrom),
    ...(config.filter ? { filter: filterEntryOf(config.filter) } : {}),
    ...(config.endPlace === undefined ? {} : { endPlace: config.endPlace }),
  };
}

function filterEntryOf(filter: LogFilter): FilterEntry {
  const context = filter.on === 'stream' ? 'streamName' : 'eventType';
  if ('regex' in filter) return { context, type: 'regex', data: filter.regex };
  const { prefixes } = filter;
  return { context, type: 'prefix', data: prefixes.join(','), prefixes };
}

function parseConfig(json: string): readonly GroupConfig[] | undefined {
  try {
    const config = JSON.parse(json) as { readonly entries?: unknown } | null;
    if (!Array.isArray(config?.entries)) return undefined;
    return config.entries.map((entry) => configOf(entry as Entry));
  } catch {
    return undefined;
  }
}

/** @throws TypeError if `entry` is no object */
function configOf(entry: Entry): GroupConfig {
  const eventSource = entry.stream ?? '';
  const endPlace = entry.endPlace === undefined ? {} : { endPlace: entry.endPlace };
  const filter = entry.filter ? { filter: filterOf(entry.filter) } : {};
  return {
    eventSource,
    group: entry.group ?? '',
    ...filter,
    ...endPlace,
    settings: {
      ...switchesOf(entry),
      ...sizesOf(entry),
      ...checkpointingOf(entry),
      startFrom: startFromOf(entry, eventSource),
    },
  };
}

function switchesOf(entry: Entry) {
  return {
    resolveLinkTos: entry.resolveLinkTos ?? false,
    extraStatistics: entry.extraStatistics ?? false,
    consumerStrategyName: entry.namedConsumerStrategy ?? '',
    messageTimeoutMs: entry.messageTimeout ?? 0,
    maxRetryCount: entry.maxRetryCount ?? 0,
  };
}

function sizesOf(entry: Entry) {
  return {
    maxSubscriberCount: entry.maxSubscriberCount ?? 0,
    liveBufferSize: entry.liveBufferSize ?? 0,
    readBatchSize: entry.readBatchSize ?? 0,
    historyBufferSize: entry.historyBufferSize ?? 0,
  };
}

function checkpointingOf(entry: Entry) {
  return {
    checkpointAfterMs: entry.checkPointAfter ?? 0,
    minCheckpointCount: entry.minCheckPointCount ?? 0,
    maxCheckpointCount: entry.maxCheckPointCount ?? 0,
  };
}

function startFromOf(entry: Entry, eventSource: string): StartFrom {
  const beginning = eventSource === ALL ? { commit: 0n, prepare: 0n } : 0n;
  return parseStartFrom(entry.startPosition ?? '') ?? beginning;
}

function filterOf(entry: FilterEntry): LogFilter {
  const on = entry.context === 'streamName' ? 'stream' : 'type';
  if (entry.type === 'regex') return { on, regex: entry.data };
  return { on, prefixes: entry.prefixes ?? entry.data.split(',') };
}
