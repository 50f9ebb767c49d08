/** Which dead letters; every given part must hold. */
export interface DeadLetterFilter {
  readonly webhookId?: string;
  readonly tenantId?: string;
  readonly eventType?: string;
  /** Epoch milliseconds of the delivery's creation, inclusive. */
  readonly from?: number;
  /** Epoch milliseconds of the delivery's creation, exclusive. */
  readonly to?: number;
}

/** The dead letters known to this instance's read model. */
export interface DeadLetters {
  /** How many match; exact. */
  count(filter: DeadLetterFilter): Promise<number>;
  /**
   * Ids of matching dead letters by id, after `afterId`: of a read model that holds everything of ours up to `minPosition`.
   *
   * @throws PosthornError `PSH_PROJECTION_LAGGING` when it does not within some seconds
   */
  page(query: {
    readonly filter: DeadLetterFilter;
    readonly limit: number;
    readonly minPosition: bigint;
    readonly afterId?: string;
  }): Promise<readonly string[]>;
}

export const DEAD_LETTERS = Symbol('posthorn.DeadLetters');
