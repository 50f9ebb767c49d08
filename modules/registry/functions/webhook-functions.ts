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

/** A finished request, as a sender hook gets it: signed and authorised, with the credentials in clear. */
export interface SignedRequest {
  /** The id of the webhook. */
  readonly webhookId: string;
  /** What the receiver gets as `webhook-id`: the same for every attempt of a delivery, to tell repeats by. */
  readonly deliveryId: string;
  /** `null`: an event without a tenant. */
  readonly tenantId: string | null;
  readonly eventType: string;
  /** The URL of the webhook. */
  readonly url: string;
  /** All headers, by name in lower case, but for those of a connection (`host`, `content-length`). */
  readonly headers: Readonly<Record<string, string>>;
  /** The exact bytes that are signed: not to be changed. */
  readonly body: Buffer;
  readonly isReplay: boolean;
  /** Aborts at the deadline of the attempt, and at a shutdown: what is answered later is dropped. */
  readonly signal: AbortSignal;
}

/** What became of a request that a sender hook carried, as an endpoint would have answered it. */
export interface SenderAnswer {
  /** 200 to 599: 2xx is a success, 410 disables the webhook, 408, 425, 429 and 5xx are tried again. */
  readonly status: number;
  /** Such as `retry-after`; names in any case. */
  readonly headers?: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Up to 4 KiB of it are recorded, with the credentials of the webhook masked. */
  readonly body?: string | Uint8Array | null;
}

/**
 * Carries the finished requests of a webhook in place of HTTP, such as to a queue. What it throws is a failed attempt
 * (`sender_error`), recorded by the class of the error alone.
 */
export type SenderHook = (request: SignedRequest) => Promise<SenderAnswer> | SenderAnswer;

/** What of a webhook can be called; `null` where it has none. */
export interface WebhookFunctions {
  readonly filter: EventFilter | null;
  readonly transform: EventTransform | null;
  readonly resolveToken: TokenResolver | null;
  readonly send: SenderHook | null;
}
