import type {
  GroupSettings,
  GroupSource,
  LogPosition,
  StartFrom,
} from '../../persistent-subscriptions/group-settings.js';
import type { shared } from '../protocol.js';
import { toSigned } from '../wire-number.js';
import { streamNameOf } from '../wire-text.js';

const START: LogPosition = { commit: 0n, prepare: 0n };
const END: LogPosition = { commit: -1n, prepare: -1n };
const TICKS_PER_MS = 10_000;

/** The strategies that have a number in the protocol. */
const STRATEGIES = ['DispatchToSingle', 'RoundRobin', 'Pinned'] as const;

interface Settings {
  getResolveLinks(): boolean;
  getRevision(): string;
  getExtraStatistics(): boolean;
  getMaxRetryCount(): number;
  getMinCheckpointCount(): number;
  getMaxCheckpointCount(): number;
  getMaxSubscriberCount(): number;
  getLiveBufferSize(): number;
  getReadBatchSize(): number;
  getHistoryBufferSize(): number;
  getNamedConsumerStrategy(): number;
  hasMessageTimeoutTicks(): boolean;
  getMessageTimeoutTicks(): string;
  getMessageTimeoutMs(): number;
  hasCheckpointAfterTicks(): boolean;
  getCheckpointAfterTicks(): string;
  getCheckpointAfterMs(): number;
  /** Only when a group is created. */
  getConsumerStrategy?(): string;
}

interface StartOptions {
  hasStart(): boolean;
  hasEnd(): boolean;
}

/** The options of Create and Update: classes of their own, with the same fields. */
export interface GroupOptions {
  getStream():
    | (StartOptions & {
        getStreamIdentifier(): shared.StreamIdentifier | undefined;
        getRevision(): string;
      })
    | undefined;
  getAll():
    | (StartOptions & {
        getPosition(): { getCommitPosition(): string; getPreparePosition(): string } | undefined;
      })
    | undefined;
  /** The source in the form that the official client uses for streams. */
  getStreamIdentifier(): shared.StreamIdentifier | undefined;
  getGroupName(): string;
  getSettings(): Settings | undefined;
}

export function groupSourceOf(options: GroupOptions): GroupSource {
  if (options.getAll()) return 'all';
  const identifier = options.getStream()?.getStreamIdentifier() ?? options.getStreamIdentifier();
  return { stream: streamNameOf(identifier) };
}

/** The settings of a group. The protocol has no defaults: what a client leaves out is 0. */
export function groupSettingsOf(options: GroupOptions, settings: Settings): GroupSettings {
  return {
    resolveLinkTos: settings.getResolveLinks(),
    extraStatistics: settings.getExtraStatistics(),
    messageTimeoutMs: settings.hasMessageTimeoutTicks()
      ? ticksToMs(settings.getMessageTimeoutTicks())
      : settings.getMessageTimeoutMs(),
    maxRetryCount: settings.getMaxRetryCount(),
    checkpointAfterMs: settings.hasCheckpointAfterTicks()
      ? ticksToMs(settings.getCheckpointAfterTicks())
      : settings.getCheckpointAfterMs(),
    minCheckpointCount: settings.getMinCheckpointCount(),
    maxCheckpointCount: settings.getMaxCheckpointCount(),
    maxSubscriberCount: settings.getMaxSubscriberCount(),
    liveBufferSize: settings.getLiveBufferSize(),
    readBatchSize: settings.getReadBatchSize(),
    historyBufferSize: settings.getHistoryBufferSize(),
    consumerStrategyName: strategyOf(settings),
    startFrom: startFromOf(options, settings),
  };
}

function strategyOf(settings: Settings): string {
  const name = settings.getConsumerStrategy?.() ?? '';
  const number = settings.getNamedConsumerStrategy();
  return name === '' ? (STRATEGIES[number] ?? String(number)) : name;
}

function startFromOf(options: GroupOptions, settings: Settings): StartFrom {
  const all = options.getAll();
  if (all) {
    if (all.hasStart()) return START;
    const position = all.getPosition();
    return position
      ? {
          commit: toSigned(position.getCommitPosition()),
          prepare: toSigned(position.getPreparePosition()),
        }
      : END;
  }
  const stream = options.getStream();
  if (!stream) return toSigned(settings.getRevision());
  if (stream.hasStart()) return 0n;
  return stream.hasEnd() ? -1n : toSigned(stream.getRevision());
}

function ticksToMs(ticks: string): number {
  return Math.trunc(Number(ticks) / TICKS_PER_MS);
}
