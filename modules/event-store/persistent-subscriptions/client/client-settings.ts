import {
  type Filter,
  InvalidArgumentError,
  type PersistentSubscriptionToAllSettings,
  type PersistentSubscriptionToStreamSettings,
  type Position,
} from '@eventstore/db-client';
import type { LogFilter } from '../../embedded/event-log.js';
import { toLogFilter } from '../../in-process/client-arguments.js';
import type { GroupSettings, StartFrom } from '../group-settings.js';

type ClientSettings = PersistentSubscriptionToStreamSettings | PersistentSubscriptionToAllSettings;
type Sizes = Omit<GroupSettings, 'startFrom'>;

const INT32_MAX = 2 ** 31 - 1;
/** The end of a stream, as older protocols write it. */
const UINT64_MAX = 2n ** 64n - 1n;

/** The engine's form of the settings of a group on a stream. @throws InvalidArgumentError naming what is wrong */
export function toStreamSettings(settings: PersistentSubscriptionToStreamSettings): GroupSettings {
  return { ...toSizes(settings), startFrom: toRevision(settings.startFrom) };
}

/** The engine's form of the settings of a group on `$all`. @throws InvalidArgumentError naming what is wrong */
export function toAllSettings(settings: PersistentSubscriptionToAllSettings): GroupSettings {
  return { ...toSizes(settings), startFrom: toPosition(settings.startFrom) };
}

/** The engine's form of a filter. @throws InvalidArgumentError like the official client */
export function toGroupFilter(filter: Filter): LogFilter {
  if (filter.maxSearchWindow !== undefined && filter.maxSearchWindow <= 0) {
    throw new InvalidArgumentError('MaxSearchWindow must be greater than 0.');
  }
  if (filter.checkpointInterval <= 0) {
    throw new InvalidArgumentError('CheckpointInterval must be greater than 0.');
  }
  return toLogFilter(filter);
}

function toSizes(settings: ClientSettings): Sizes {
  const { maxSubscriberCount } = settings;
  return {
    resolveLinkTos: toBoolean(settings, 'resolveLinkTos'),
    extraStatistics: toBoolean(settings, 'extraStatistics'),
    messageTimeoutMs: toInteger(settings, 'messageTimeout'),
    maxRetryCount: toInteger(settings, 'maxRetryCount'),
    checkpointAfterMs: toInteger(settings, 'checkPointAfter'),
    minCheckpointCount: toInteger(settings, 'checkPointLowerBound'),
    maxCheckpointCount: toInteger(settings, 'checkPointUpperBound'),
    maxSubscriberCount:
      maxSubscriberCount === 'unbounded' ? 0 : toInteger(settings, 'maxSubscriberCount'),
    liveBufferSize: toInteger(settings, 'liveBufferSize'),
    readBatchSize: toInteger(settings, 'readBatchSize'),
    historyBufferSize: toInteger(settings, 'historyBufferSize'),
    consumerStrategyName: settings.consumerStrategyName,
  };
}

function toBoolean(settings: ClientSettings, field: 'resolveLinkTos' | 'extraStatistics'): boolean {
  const value: unknown = settings[field];
  return typeof value === 'boolean' ? value : refuse(field, 'true or false', value);
}

function toInteger(settings: ClientSettings, field: keyof ClientSettings): number {
  const value: unknown = settings[field];
  const isInt32 = Number.isInteger(value) && Math.abs(value as number) <= INT32_MAX;
  return isInt32 ? (value as number) : refuse(field, 'a 32-bit integer', value);
}

function toRevision(startFrom: PersistentSubscriptionToStreamSettings['startFrom']): StartFrom {
  if (startFrom === 'start') return 0n;
  if (startFrom === 'end' || startFrom === UINT64_MAX) return -1n;
  if (typeof startFrom === 'bigint') return startFrom;
  return refuse('startFrom', "'start', 'end' or a bigint", startFrom);
}

function toPosition(startFrom: PersistentSubscriptionToAllSettings['startFrom']): StartFrom {
  if (startFrom === 'start') return { commit: 0n, prepare: 0n };
  if (startFrom === 'end') return { commit: -1n, prepare: -1n };
  const { commit, prepare } = Object(startFrom) as Partial<Position>;
  if (typeof commit === 'bigint' && typeof prepare === 'bigint') return { commit, prepare };
  return refuse('startFrom', "'start', 'end' or a position", startFrom);
}

function refuse(field: string, expected: string, value: unknown): never {
  throw new InvalidArgumentError(`${field} must be ${expected}. Value Received: ${String(value)}`);
}
