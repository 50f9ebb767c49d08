/** A stretch of the log with events whose deliveries could not be established. */
export interface UnresolvedStretch {
  /** Position of its first event. */
  readonly from: string;
  /** Position of its last event. */
  readonly upTo: string;
  /** Unresolved events in it. */
  readonly count: number;
  /** The first of them. */
  readonly first: {
    readonly stream: string;
    readonly revision: string;
    readonly eventId: string;
    readonly eventType: string;
  };
  /** Error code of the first of them, or the class of an unexpected error. Never a payload. */
  readonly code: string;
  /** When the first of them was found, ISO 8601. */
  readonly since: string;
}

/**
 * What the reconciler knows: the checkpoint in `posthorn.reconciler`, a stream in the contract of `LeaseEvent`. Positions
 * are decimal strings.
 */
export interface AuditCheckpoint {
  readonly [field: string]: unknown;
  readonly v: 1;
  /** Auditing began with the event at this position; of what lies before nothing is known. */
  readonly from: string;
  /** The audited position: all events up to here are audited. */
  readonly position: string;
  /** A reader that has followed the log up to here knows every delivery of the audited events. */
  readonly recordedUpTo: string;
  /** Where that is not so yet: tried again and again. At most 100. */
  readonly unresolved: readonly UnresolvedStretch[];
}
