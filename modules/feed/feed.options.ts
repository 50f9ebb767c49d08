/** How this instance observes the event store. */
export interface FeedOptions {
  /** Consumer group on `$all` that all instances share. Default `posthorn`. */
  readonly groupName: string;
  /** Events that this instance holds at once. Default 512; at least 256. */
  readonly bufferSize: number;
  /** After this long without an answer the event store hands an event out again, in milliseconds. Default 60000. */
  readonly messageTimeoutMs: number;
  /** How often the position that was reached is recorded, in milliseconds. Default 10000. */
  readonly bookmarkIntervalMs: number;
}

export const FEED_DEFAULTS = {
  groupName: 'posthorn',
  bufferSize: 512,
  messageTimeoutMs: 60_000,
  bookmarkIntervalMs: 10_000,
} as const satisfies FeedOptions;

/** Injection token of the `FeedOptions`. */
export const FEED_OPTIONS = Symbol('posthorn.FeedOptions');
