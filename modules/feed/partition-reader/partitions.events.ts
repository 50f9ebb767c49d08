/** The contract of `posthorn.partitions`: one event, for good. */
export interface PartitionsEvent {
  readonly type: 'PartitionsPlanned';
  readonly data: {
    readonly v: 1;
    readonly partitions: number;
    /** The events above this position are consumed; `null`: from the beginning of the log. */
    readonly startAfter: string | null;
    readonly at: string;
  };
}

/** The contract of `posthorn.partitions-wanted`. */
export interface PartitionsWantedEvent {
  /** An instance that holds no partition waits for others to give it its share. */
  readonly type: 'PartitionsWanted';
  readonly data: { readonly v: 1; readonly instance: string };
}
