import type { RecordedEvent } from '@eventstore/db-client';
import type { Webhook } from '../registry/index.js';

/**
 * What an event of a stream is to a webhook, delivery or not: `member`, there is to be a delivery of it; `other`, there is
 * not; `before`, neither it nor anything before it is to have one, because the webhook was not there yet.
 */
export type EventStanding = 'member' | 'other' | 'before';

/** Says which of the earlier events of a stream a delivery has to wait for though they have no delivery yet. */
export interface EarlierEvents {
  /** Judged by a registry that holds every change recorded before the delivery that asks. An event that cannot be judged is a member. */
  standingOf(event: RecordedEvent, webhook: Webhook): EventStanding;
  /**
   * Whether all that was to be delivered of this stretch of the log has its delivery by now: then a member without one is
   * none. It is asked before that delivery is looked for, so what was recorded meanwhile is found.
   */
  isSettled(event: RecordedEvent, webhook: Webhook): Promise<boolean>;
}

/** Injection token of the `EarlierEvents`. */
export const EARLIER_EVENTS = Symbol('posthorn.EarlierEvents');
