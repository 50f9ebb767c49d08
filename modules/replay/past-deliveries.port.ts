import type { RecordedEvent } from '@eventstore/db-client';
import type { ReplayMode } from './replay.events.js';

/** An event of the past, and the webhook that it is taken to. */
export interface PastEvent {
  readonly event: RecordedEvent;
  readonly tenantId: string | null;
  readonly webhook: { readonly id: string; readonly registration: number };
}

/** Who replays, and why. */
export interface ReplayRequester {
  readonly replayId: string;
  readonly requestedBy: string;
  readonly reason: string | null;
}

/** What became of an event of the past: see `ReplayCounts`. */
export type PastEventAnswer = 'scheduled' | 'replayed' | 'open' | 'succeeded' | 'purged';

/** The deliveries, as a replay works with them. All of it may be repeated: a delivery answers each replay once. */
export interface PastDeliveries {
  /** Records a delivery of the event, unless it is recorded already or was purged. */
  schedule(past: PastEvent): Promise<void>;
  /** Sends the event again, or for the first time. */
  replay(
    request: PastEvent & ReplayRequester & { readonly mode: ReplayMode },
  ): Promise<PastEventAnswer>;
  /**
   * Sends a dead letter again. @returns whether it was one
   * @throws PosthornError `PSH_DELIVERY_NOT_FOUND`, `PSH_DELIVERY_NOT_REPLAYABLE`, `PSH_DELIVERY_WEBHOOK_REMOVED`,
   *   `PSH_DELIVERY_PURGED`
   */
  replayDeadLetter(request: ReplayRequester & { readonly deliveryId: string }): Promise<boolean>;
}

/** Injection token of the `PastDeliveries`. */
export const PAST_DELIVERIES = Symbol('posthorn.PastDeliveries');
