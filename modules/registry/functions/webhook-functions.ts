import type { SourceEvent } from '../source-event.js';

/**
 * Says whether an event is delivered. It answers at once: what it throws, and a promise, make a dead letter of that
 * delivery.
 */
export type EventFilter = (event: SourceEvent) => boolean;

/**
 * Makes the body of a request of an event. It answers at once: what it throws, and a promise, make a dead letter of that
 * delivery.
 */
export type EventTransform = (event: SourceEvent) => unknown;

/** What a token is asked for. */
export interface TokenNeed {
  readonly webhookId: string;
  /** `null`: an event without a tenant. */
  readonly tenantId: string | null;
  /** The event that is to be sent; of a test call, a sample. */
  readonly event: SourceEvent;
}

/**
 * Gives the bearer token of a request, at most 10 s after it was called; it is called for each attempt, and what it
 * gives is not kept. Nothing, or an error: the delivery waits, and no attempt is counted.
 */
export type TokenResolver = (
  need: TokenNeed,
) => Promise<string | null | undefined> | string | null | undefined;

/** What of a webhook can be called; `null` where it has none. */
export interface WebhookFunctions {
  readonly filter: EventFilter | null;
  readonly transform: EventTransform | null;
  readonly resolveToken: TokenResolver | null;
}
