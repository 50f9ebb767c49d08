/** How one partition is, as this instance sees it. */
export interface PartitionHealth {
  readonly partition: number;
  /**
   * `free`: nobody holds it, as far as is known; `elsewhere`: another instance does; `behind`: this one does and reads what
   * is old; `live`: it has reached the end of the log; `handing-over`: it was given away or lost, and ends what it began.
   */
  readonly state: 'free' | 'elsewhere' | 'behind' | 'live' | 'handing-over';
  /** The instance that holds it. */
  readonly owner: string | null;
  /** Position up to which everything was handled: recorded, or reached if this instance owns it. `null`: none yet. */
  readonly checkpoint: string | null;
  /** Events that this instance holds and has not handled. */
  readonly waiting: number;
  /** Streams whose event failed and is tried again. */
  readonly failingStreams: number;
  /** Age of the oldest event known not to be handled, in milliseconds; 0 when there is none; `null` when it is not known here. */
  readonly lagMs: number | null;
  /** Without payloads. */
  readonly lastError: string | null;
}

/** How the consumption in order is, as this instance sees it. */
export interface PartitionReaderHealth {
  /** `refused`: the number of partitions is not the one with which consumption began. */
  readonly state: 'stopped' | 'connecting' | 'refused' | 'running' | 'draining';
  readonly instance: string;
  readonly partitions: readonly PartitionHealth[];
  /** What interrupted the reading or the leases last; `null` when nothing did. */
  readonly lastError: string | null;
}
