/**
 * The contract of the delivery streams, `posthorn.delivery-{deliveryId}`. Events are never renamed; readers tolerate
 * unknown fields; every event carries `v`, the version of its own shape. Times are ISO 8601 in UTC, revisions and
 * positions are decimal strings.
 */

/** Which event is delivered to which webhook: on the first event of every delivery stream, whatever its type. */
export interface DeliveryOrigin {
  readonly deliveryId: string;
  readonly webhookId: string;
  /** Grows with each registration of the webhook's id after a removal. */
  readonly registration: number;
  /** Tenant of the observed event when it was matched; `null` when it has none. */
  readonly tenantId: string | null;
  readonly eventId: string;
  readonly eventType: string;
  /** Source stream of the observed event. */
  readonly stream: string;
  /** Revision of the observed event in its stream. */
  readonly revision: string;
  /** Position of the observed event in the log. */
  readonly position: string;
  /** When the observed event was recorded. */
  readonly occurredAt: string;
  /**
   * Present where the delivery keeps the order of its source stream, and what a dead letter of it does to those behind:
   * as the webhook said when the delivery was recorded. What it says later is for later deliveries.
   */
  readonly order?: DeliveryOrder;
}

/** `continue`: a dead letter lets those behind it go on. `hold`: it holds them until it succeeds or is discarded. */
export type DeliveryOrder = 'continue' | 'hold';

/** What made an attempt happen. */
export type AttemptTrigger = 'live' | 'scheduled' | 'retry' | 'replay';

/** Why a delivery was recorded before it was attempted. */
export type ScheduleReason =
  /** The lane of the webhook was full, or had no free place before the inline window closed. */
  | 'lane-full'
  /** Its endpoint is over its rate limit, asked to be left alone, or was seen to fail or to be overloaded. */
  | 'limited'
  /** Nothing could be asked of the endpoint, for a reason that is not its own: see `DeliveryPostponed`. */
  | 'postponed'
  /** The attempt was under way when the inline window closed. */
  | 'inline-window'
  /** The webhook was paused or disabled: held without cost. */
  | 'held'
  /** The event lies before the registration of the webhook, which asked for its history. */
  | 'history'
  /** The feed never brought it about; the reconciler found that it was missing. */
  | 'reconciled'
  /** An earlier event of the same source stream has not ended, and the webhook keeps the order. */
  | 'in-order'
  /** This instance does not hold the code that the delivery needs. */
  | 'needs-code'
  /** The process was shutting down. */
  | 'shutdown';

/** Durations of one attempt in milliseconds; `null` where a stage did not happen (a reused connection, say). */
export interface AttemptTimings {
  readonly dnsMs: number | null;
  readonly connectMs: number | null;
  readonly tlsMs: number | null;
  readonly firstByteMs: number | null;
  readonly bodyMs: number | null;
  readonly totalMs: number;
}

/** What an attempt met, as it is recorded. Never holds a request body or a secret. */
export interface AttemptRecord {
  readonly url: string;
  readonly startedAt: string;
  readonly timings: AttemptTimings;
  readonly statusCode: number | null;
  /** `null` on success; else a stable word such as `timeout`, `connection_refused`, `http_status`. */
  readonly errorClass: string | null;
  readonly errorMessage: string | null;
  /** Address that was really dialled. */
  readonly remoteAddress: string | null;
  readonly responseHeaders: Readonly<Record<string, string>> | null;
  /** At most the first 4 KiB of the response, as text. */
  readonly responseBody: string | null;
  readonly isResponseTruncated: boolean;
}

export type DeliveryEvent =
  | {
      readonly type: 'DeliveryScheduled';
      readonly data: {
        readonly v: 1;
        readonly origin: DeliveryOrigin;
        readonly run: 1;
        readonly reason: ScheduleReason;
        readonly dueAt: string;
        /** Instance that owns the next attempt. */
        readonly owner: string;
        /** Digest of the definition whose code the delivery needs, where the owner does not hold it. */
        readonly needs?: string;
        /** Replay of history that asked for it. */
        readonly replayId?: string;
      };
    }
  | {
      readonly type: 'DeliveryClaimed';
      readonly data: {
        readonly v: 1;
        readonly run: number;
        readonly claimId: string;
        readonly owner: string;
        /** No attempt under this claim outlasts it; each observer counts it from when it saw the claim. */
        readonly leaseMs: number;
      };
    }
  | {
      readonly type: 'DeliveryAttempted';
      readonly data: {
        readonly v: 1;
        /** Present when this is the first event of the stream. */
        readonly origin?: DeliveryOrigin;
        readonly run: number;
        /** 1 for the first attempt of the delivery, counted over all runs. */
        readonly number: number;
        readonly trigger: AttemptTrigger;
        readonly attempt: AttemptRecord;
        /** When the next attempt is due; `null` when there is none. */
        readonly nextAttemptAt: string | null;
        /** Instance that owns the next attempt. */
        readonly owner: string;
        /**
         * True when the run had ended, or somebody else had taken it over: recorded because it was made, deciding nothing.
         */
        readonly isLate?: true;
        /** True when it had been postponed for as long as is allowed: counted, although nothing was asked of the endpoint. */
        readonly isUnsent?: true;
      };
    }
  | {
      /**
       * The attempt could not be made, for a reason that is not the endpoint's, such as an egress proxy that fails: it
       * cost none, and is to be made later. Ends the claim, if there was one.
       */
      readonly type: 'DeliveryPostponed';
      readonly data: {
        readonly v: 1;
        readonly run: number;
        /** How often this attempt was postponed, this time included. */
        readonly round: number;
        /** When it was postponed for the first time. */
        readonly since: string;
        readonly postponedAt: string;
        readonly dueAt: string;
        /** Instance that owns the next attempt. */
        readonly owner: string;
        /** A stable word such as `proxy_error`. */
        readonly reason: string;
        readonly errorMessage: string | null;
      };
    }
  | {
      readonly type: 'DeliverySucceeded';
      readonly data: {
        readonly v: 1;
        readonly run: number;
        readonly attemptCount: number;
        readonly completedAt: string;
      };
    }
  | {
      readonly type: 'DeliveryDeadLettered';
      readonly data: {
        readonly v: 1;
        /** Present when this is the first event of the stream: nothing could be sent. */
        readonly origin?: DeliveryOrigin;
        readonly run: number;
        readonly reason: DeadLetterReason;
        readonly errorMessage: string | null;
        readonly attemptCount: number;
        readonly completedAt: string;
      };
    }
  | {
      readonly type: 'DeliveryReplayRequested';
      readonly data: {
        readonly v: 1;
        /** The run that the next attempt belongs to: a new one after a terminal event, else the open one. */
        readonly run: number;
        readonly dueAt: string;
        readonly owner: string;
        readonly requestedAt: string;
        readonly requestedBy: string;
        readonly reason: string | null;
        /** Digest of the definition whose code the delivery needs, where the owner does not hold it. */
        readonly needs?: string;
        /** Replay of dead letters or of history that this request is part of. */
        readonly replayId?: string;
      };
    }
  | {
      readonly type: 'DeliveryDiscarded';
      readonly data: {
        readonly v: 1;
        readonly run: number;
        readonly completedAt: string;
        readonly discardedBy: string;
        readonly reason: string | null;
      };
    };

/** Why a delivery became a dead letter. */
export type DeadLetterReason =
  /** Every attempt of the schedule failed. */
  | 'attempts_exhausted'
  /** The endpoint refused in a way that a retry would not change. */
  | 'rejected'
  /** The endpoint answered 410 Gone; its webhook is disabled. */
  | 'endpoint_gone'
  /** The endpoint answered `webhook-delivery: disable`; its webhook is disabled. */
  | 'endpoint_asked'
  /** The endpoint answered `webhook-delivery: abort-message`. */
  | 'aborted_by_endpoint'
  /** The observed event can no longer be read. */
  | 'source_event_gone'
  /** The observed event cannot be turned into a request. */
  | 'poison_event';

export type DeliveryEventType = DeliveryEvent['type'];

/** State of a delivery, as the REST face and the projections show it. */
export type DeliveryStatus =
  'scheduled' | 'attempting' | 'retrying' | 'succeeded' | 'dead-lettered' | 'discarded';
