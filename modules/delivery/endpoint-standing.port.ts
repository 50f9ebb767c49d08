import type { Observable } from 'rxjs';

/** How an endpoint stands by what is recorded. Times are those of the event store, in epoch milliseconds. */
export interface EndpointStanding {
  readonly webhookId: string;
  /** When the first attempt was recorded that failed since the last success, or since somebody resumed or moved the webhook. */
  readonly failingSince: number | null;
  /** When the last one was; `null` when none did. */
  readonly lastFailureAt: number | null;
  readonly failureCount: number;
  /** Of which failing the last warning was; `null` when nothing is to be taken back. */
  readonly warnedSince: number | null;
  readonly warnedStage: number;
}

/** How all endpoints stand, as the log tells it: the same on every instance. */
export interface EndpointStandings {
  /** Endpoints that fail, or were said to, after each batch of the log that was about them. */
  readonly changes: Observable<readonly EndpointStanding[]>;
  /** All that fail, or were said to. */
  failing(): Promise<readonly EndpointStanding[]>;
  /** How one stands once everything up to `position` counts; `null`: as far as is known here. */
  standingOf(webhookId: string, position: bigint | null): Promise<EndpointStanding | undefined>;
}

export const ENDPOINT_STANDINGS = Symbol('posthorn.EndpointStandings');
