import type {
  ExtraStatisticsKey,
  PersistentSubscriptionConnectionInfo,
  PersistentSubscriptionToAllInfo,
  PersistentSubscriptionToAllSettings,
  PersistentSubscriptionToStreamInfo,
  PersistentSubscriptionToStreamSettings,
  Position,
} from '@eventstore/db-client';
import type { ConnectionInfo, GroupInfo } from '../group-info.js';
import { ALL, type StartFrom } from '../group-settings.js';

/** What the official client tells of a group on a stream. */
export function toStreamInfo(info: GroupInfo): PersistentSubscriptionToStreamInfo {
  return {
    eventSource: info.eventSource,
    groupName: info.group,
    status: info.status,
    settings: { ...settingsOf(info), startFrom: toRevision(info.settings.startFrom) },
    connections: info.connections.map(toConnection),
    stats: {
      ...statsOf(info),
      ...optional('lastCheckpointedEventRevision', parseRevision(info.lastCheckpointed)),
      ...optional('lastKnownEventRevision', parseRevision(info.lastKnown)),
    },
  };
}

/** What the official client tells of a group on `$all`. */
export function toAllInfo(info: GroupInfo): PersistentSubscriptionToAllInfo {
  return {
    eventSource: ALL,
    groupName: info.group,
    status: info.status,
    settings: { ...settingsOf(info), startFrom: toPosition(info.settings.startFrom) },
    connections: info.connections.map(toConnection),
    stats: {
      ...statsOf(info),
      ...optional('lastCheckpointedEventPosition', parsePosition(info.lastCheckpointed)),
      ...optional('lastKnownEventPosition', parsePosition(info.lastKnown)),
    },
  };
}

export function toEitherInfo(
  info: GroupInfo,
): PersistentSubscriptionToStreamInfo | PersistentSubscriptionToAllInfo {
  return info.eventSource === ALL ? toAllInfo(info) : toStreamInfo(info);
}

function settingsOf({ settings }: GroupInfo) {
  return {
    resolveLinkTos: settings.resolveLinkTos,
    extraStatistics: settings.extraStatistics,
    messageTimeout: settings.messageTimeoutMs,
    maxRetryCount: settings.maxRetryCount,
    checkPointAfter: settings.checkpointAfterMs,
    checkPointLowerBound: settings.minCheckpointCount,
    checkPointUpperBound: settings.maxCheckpointCount,
    maxSubscriberCount:
      settings.maxSubscriberCount === 0 ? ('unbounded' as const) : settings.maxSubscriberCount,
    liveBufferSize: settings.liveBufferSize,
    readBatchSize: settings.readBatchSize,
    historyBufferSize: settings.historyBufferSize,
    consumerStrategyName: settings.consumerStrategyName,
  };
}

function statsOf(info: GroupInfo) {
  return {
    averagePerSecond: info.throughput.perSecond,
    totalItems: BigInt(info.throughput.total),
    countSinceLastMeasurement: BigInt(info.throughput.sinceLast),
    readBufferCount: info.readBufferCount,
    liveBufferCount: BigInt(info.liveBufferCount),
    retryBufferCount: info.retryBufferCount,
    totalInFlightMessages: info.totalInFlightMessages,
    outstandingMessagesCount: info.outstandingMessagesCount,
    parkedMessageCount: BigInt(info.parkedMessageCount),
  };
}

function toConnection(connection: ConnectionInfo): PersistentSubscriptionConnectionInfo {
  const { latencies, throughput } = connection;
  return {
    from: '',
    username: connection.username,
    connectionName: connection.connectionName,
    averageItemsPerSecond: throughput.perSecond,
    totalItems: BigInt(throughput.total),
    countSinceLastMeasurement: BigInt(throughput.sinceLast),
    availableSlots: connection.availableSlots,
    inFlightMessages: connection.inFlightMessages,
    ...(latencies.size > 0 ? { extraStatistics: toExtraStatistics(latencies) } : {}),
  };
}

function toExtraStatistics(
  latencies: ReadonlyMap<string, number>,
): Map<ExtraStatisticsKey, bigint> {
  return new Map(
    [...latencies].map(([name, latencyMs]) => [
      name.toLowerCase() as ExtraStatisticsKey,
      BigInt(latencyMs),
    ]),
  );
}

function toRevision(startFrom: StartFrom): PersistentSubscriptionToStreamSettings['startFrom'] {
  const revision = typeof startFrom === 'bigint' ? startFrom : startFrom.commit;
  if (revision === 0n) return 'start';
  return revision === -1n ? 'end' : revision;
}

function toPosition(startFrom: StartFrom): PersistentSubscriptionToAllSettings['startFrom'] {
  if (typeof startFrom === 'bigint') return { commit: startFrom, prepare: startFrom };
  if (startFrom.commit === 0n && startFrom.prepare === 0n) return 'start';
  return startFrom.commit === -1n ? 'end' : startFrom;
}

function parseRevision(text: string): bigint | undefined {
  return text === '' ? undefined : BigInt(text);
}

function parsePosition(text: string): Position | undefined {
  const [, commit, prepare] = /^C:(\d+)\/P:(\d+)$/.exec(text) ?? [];
  if (commit === undefined || prepare === undefined) return undefined;
  return { commit: BigInt(commit), prepare: BigInt(prepare) };
}

function optional<Key extends string, Value>(
  key: Key,
  value: Value | undefined,
): Partial<Record<Key, Value>> {
  return value === undefined ? {} : ({ [key]: value } as Record<Key, Value>);
}
