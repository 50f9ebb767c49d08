import {
  ErrorType,
  type PersistentSubscriptionToAllInfo,
  type Position,
} from '@eventstore/db-client';
import { type EventStore, isClientError, isRealPosition } from '../event-store/index.js';
import type { FeedOptions } from './feed.options.js';
import type { ObservedPosition } from './observed-position.port.js';

/** Asks the consumer group how far it is. */
export function observedPosition(
  store: Pick<EventStore, 'client'>,
  { groupName }: Pick<FeedOptions, 'groupName'>,
): ObservedPosition {
  return async () => {
    try {
      return observedPositionOf(await store.client.getPersistentSubscriptionToAllInfo(groupName));
    } catch (error) {
      if (isClientError(error, ErrorType.PERSISTENT_SUBSCRIPTION_DOES_NOT_EXIST)) return -1n;
      throw error;
    }
  };
}

/**
 * What a group tells of itself, as the position up to which it has answered everything.
 *
 * The checkpoint alone would stand still on a quiet system: it is written for a number of answers, and the last few never
 * make it. So a group that is live (all that was committed went through it) and has nothing waiting, handed out or to be
 * retried has answered everything up to the newest event that it saw. `liveBufferCount` says nothing: EventStoreDB keeps
 * the newest events there after they were answered. Where the group started says nothing either: that need not be the
 * position of a record, and EventStoreDB refuses to read from any other.
 */
export function observedPositionOf({
  stats,
  status,
}: Pick<PersistentSubscriptionToAllInfo, 'stats' | 'status'>): bigint {
  const recorded = placeOf(stats.lastCheckpointedEventPosition);
  const isIdle =
    status === 'Live' &&
    stats.readBufferCount === 0 &&
    stats.retryBufferCount === 0 &&
    stats.totalInFlightMessages === 0 &&
    stats.outstandingMessagesCount === 0;
  if (!isIdle) return recorded;
  const newest = placeOf(stats.lastKnownEventPosition);
  return newest > recorded ? newest : recorded;
}

function placeOf(position: Position | undefined): bigint {
  return position && isRealPosition(position) ? position.commit : -1n;
}
