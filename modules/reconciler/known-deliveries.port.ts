/** Tells which deliveries there are, from a read model of this instance. */
export interface KnownDeliveries {
  /**
   * Which of these deliveries the read model knows, once it has followed the log up to `recordedUpTo`. One that was
   * purged may be unknown.
   *
   * @throws PosthornError `PSH_PROJECTION_LAGGING` when that takes too long, `PSH_PROJECTION_UNAVAILABLE`
   */
  among(query: {
    readonly deliveryIds: readonly string[];
    readonly recordedUpTo: bigint;
    /** None of them was recorded at or below this position. */
    readonly recordedAbove: bigint;
  }): Promise<ReadonlySet<string>>;
}

/** Injection token of the `KnownDeliveries`. */
export const KNOWN_DELIVERIES = Symbol('posthorn.KnownDeliveries');
