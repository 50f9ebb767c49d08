import type { SourceEvent } from '../source-event.js';

/**
 * Makes the body of a request of an event. It answers at once: what it throws, and a promise, make a dead letter of that
 * delivery.
 */
export type EventTransform = (event: SourceEvent) => unknown;

/** What of a webhook can be called; `null` where it has none. */
export interface WebhookFunctions {
  readonly transform: EventTransform | null;
}
