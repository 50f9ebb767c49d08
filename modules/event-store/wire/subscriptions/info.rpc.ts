import type { handleUnaryCall } from '@grpc/grpc-js';
import type { ConnectionInfo, GroupInfo } from '../../persistent-subscriptions/group-info.js';
import {
  formatStartFrom,
  type GroupSource,
} from '../../persistent-subscriptions/group-settings.js';
import { handlerFailed } from '../errors/call-status.js';
import { persistent } from '../protocol.js';
import { unaryCall, type WireContext } from '../rpc.js';
import { streamNameOf } from '../wire-text.js';
import { sourceOf } from './group-source-message.js';

const { SubscriptionInfo } = persistent;

/** PersistentSubscriptions.GetInfo. */
export function getInfoCall(
  context: WireContext,
): handleUnaryCall<persistent.GetInfoReq, persistent.GetInfoResp> {
  return unaryCall(context, async (request) => {
    const options = request.getOptions();
    const source = sourceOf(options);
    const info = await context.persistentSubscriptions.info(source, options?.getGroupName() ?? '');
    return new persistent.GetInfoResp().setSubscriptionInfo(toInfo(info));
  });
}

/** PersistentSubscriptions.List. */
export function listCall(
  context: WireContext,
): handleUnaryCall<persistent.ListReq, persistent.ListResp> {
  return unaryCall(context, async (request) => {
    const infos = await context.persistentSubscriptions.list(listedSource(request));
    return new persistent.ListResp().setSubscriptionsList(infos.map(toInfo));
  });
}

/** @returns `undefined` for all of them */
function listedSource(request: persistent.ListReq): GroupSource | undefined {
  const options = request.getOptions();
  if (options?.hasListAllSubscriptions()) return undefined;
  const source = options?.getListForStream();
  if (source?.hasAll()) return 'all';
  if (!source?.hasStream()) throw handlerFailed();
  return { stream: streamNameOf(source.getStream()) };
}

function toInfo(info: GroupInfo): persistent.SubscriptionInfo {
  const { settings, throughput } = info;
  return new SubscriptionInfo()
    .setEventSource(info.eventSource)
    .setGroupName(info.group)
    .setStatus(info.status)
    .setConnectionsList(info.connections.map(toConnection))
    .setAveragePerSecond(throughput.perSecond)
    .setTotalItems(String(throughput.total))
    .setCountSinceLastMeasurement(String(throughput.sinceLast))
    .setLastCheckpointedEventPosition(info.lastCheckpointed)
    .setLastKnownEventPosition(info.lastKnown)
    .setReadBufferCount(info.readBufferCount)
    .setLiveBufferCount(String(info.liveBufferCount))
    .setRetryBufferCount(info.retryBufferCount)
    .setTotalInFlightMessages(info.totalInFlightMessages)
    .setOutstandingMessagesCount(info.outstandingMessagesCount)
    .setParkedMessageCount(String(info.parkedMessageCount))
    .setResolveLinkTos(settings.resolveLinkTos)
    .setStartFrom(formatStartFrom(settings.startFrom))
    .setMessageTimeoutMilliseconds(settings.messageTimeoutMs)
    .setExtraStatistics(settings.extraStatistics)
    .setMaxRetryCount(settings.maxRetryCount)
    .setLiveBufferSize(settings.liveBufferSize)
    .setBufferSize(settings.historyBufferSize)
    .setReadBatchSize(settings.readBatchSize)
    .setCheckPointAfterMilliseconds(settings.checkpointAfterMs)
    .setMinCheckPointCount(settings.minCheckpointCount)
    .setMaxCheckPointCount(settings.maxCheckpointCount)
    .setNamedConsumerStrategy(settings.consumerStrategyName)
    .setMaxSubscriberCount(settings.maxSubscriberCount);
}

function toConnection(connection: ConnectionInfo): persistent.SubscriptionInfo.ConnectionInfo {
  const { throughput, latencies } = connection;
  const measurements = [...latencies].map(([name, latencyMs]) =>
    new SubscriptionInfo.Measurement().setKey(name).setValue(String(Math.round(latencyMs))),
  );
  return new SubscriptionInfo.ConnectionInfo()
    .setUsername(connection.username)
    .setConnectionName(connection.connectionName)
    .setAverageItemsPerSecond(throughput.perSecond)
    .setTotalItems(String(throughput.total))
    .setCountSinceLastMeasurement(String(throughput.sinceLast))
    .setAvailableSlots(connection.availableSlots)
    .setInFlightMessages(connection.inFlightMessages)
    .setObservedMeasurementsList(measurements);
}
