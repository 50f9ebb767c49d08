/** How the reconciler works. */
export interface ReconcilerOptions {
  /**
   * Pause between two looks at what was observed, in milliseconds. What was observed at one look is audited at the next,
   * so it is also how long an event is left alone after it was answered. Default 2000, or twice the inline window.
   */
  readonly roundMs: number;
  /** Records of the log that are read at once. Default 500. */
  readonly pageSize: number;
  /** After this long without a sign of the instance that audits, another takes over, in milliseconds. Default 60000. */
  readonly leaseMs: number;
}

export const RECONCILER_DEFAULTS = {
  roundMs: 2_000,
  pageSize: 500,
  leaseMs: 60_000,
} as const satisfies ReconcilerOptions;

/** Injection token of the `ReconcilerOptions`. */
export const RECONCILER_OPTIONS = Symbol('posthorn.ReconcilerOptions');
