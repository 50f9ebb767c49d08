import type { Clock } from '../kernel/index.js';

/** How long this thread was at work and at rest, in milliseconds since it began: `performance.eventLoopUtilization()`. */
export interface Utilization {
  readonly active: number;
  readonly idle: number;
}

export interface IntakePaceOptions {
  /** Most events held at once. */
  readonly most: number;
  readonly clock: Clock;
  readonly utilization: () => Utilization;
}

/** However busy the process is, so many are held: enough for requests to be under way while outcomes are recorded. */
const LEAST_HELD = 128;
const LOOK_EVERY_MS = 100;
/** Busier than this, a thread has nothing left to give: what it hands to others (disk, read model) needs time as well. */
const BUSY = 0.6;
const NARROWING = 0.7;
const WIDENING = 2;

/**
 * How many events are held at once. A process that waits for endpoints holds many; one that has no time left holds few:
 * what it took in beyond that would find the lanes full, be recorded for later, and cost three appends and two reads
 * instead of one append, so that an overload would feed itself. Whatever the endpoints do, they cannot narrow it: only
 * the time that this thread does not have. It begins narrow, and widens within a few looks.
 */
export class IntakePace {
  readonly #options: IntakePaceOptions;
  #limit: number;
  #lookedAt: number;
  #last: Utilization;

  constructor(options: IntakePaceOptions) {
    this.#options = options;
    this.#limit = LEAST_HELD;
    this.#lookedAt = options.clock.monotonic();
    this.#last = options.utilization();
  }

  /** @param held events that are held now */
  hasRoom(held: number): boolean {
    this.#look(held);
    return held < this.#limit;
  }

  #look(held: number): void {
    const { clock, most, utilization } = this.#options;
    const now = clock.monotonic();
    if (now - this.#lookedAt < LOOK_EVERY_MS) return;
    this.#lookedAt = now;
    const { active, idle } = utilization();
    const busyMs = active - this.#last.active;
    const restMs = idle - this.#last.idle;
    this.#last = { active, idle };
    const isBusy = busyMs > BUSY * (busyMs + restMs);
    if (!isBusy) this.#limit = Math.min(most, this.#limit * WIDENING);
    else this.#limit = Math.max(LEAST_HELD, Math.floor(Math.min(held, this.#limit) * NARROWING));
  }
}
