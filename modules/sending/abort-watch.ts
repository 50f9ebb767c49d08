/** Who wants to know of an abort. */
export interface Abortable {
  onAbort(): void;
}

/**
 * Many requests under one `AbortSignal`, as at a shutdown: with a listener of their own each, Node would warn of a leak
 * from the eleventh on, and search all of them for every new one.
 */
export class AbortWatch {
  readonly #watched = new WeakMap<AbortSignal, Set<Abortable>>();

  /** Tells `abortable` once when the signal aborts, unless `unwatch` comes first. */
  watch(signal: AbortSignal, abortable: Abortable): void {
    let watchers = this.#watched.get(signal);
    if (!watchers) {
      const created = new Set<Abortable>();
      const tellAll = (): void => {
        for (const watcher of created) watcher.onAbort();
      };
      signal.addEventListener('abort', tellAll, { once: true });
      this.#watched.set(signal, created);
      watchers = created;
    }
    watchers.add(abortable);
  }

  unwatch(signal: AbortSignal, abortable: Abortable): void {
    this.#watched.get(signal)?.delete(abortable);
  }
}
