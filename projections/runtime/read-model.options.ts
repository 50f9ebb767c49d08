/** Where the read model is kept, and how long a query may wait for it. */
export interface ReadModelOptions {
  /** Data folder; the file in it is `read-model.sqlite`. `:memory:` for a folder that vanishes at the end. */
  readonly dataDir: string;
  /**
   * Longest time that a query with a minimum position waits, in milliseconds.
   *
   * @default 5000
   */
  readonly waitTimeoutMs?: number;
}

/** Injection token of the `ReadModelOptions`. */
export const READ_MODEL_OPTIONS = Symbol('posthorn.ReadModelOptions');

export const DEFAULT_WAIT_TIMEOUT_MS = 5_000;
