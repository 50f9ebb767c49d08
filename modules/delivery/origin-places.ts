import type { LaneKey } from './lane-key.js';
import { Turns } from './turns.js';

/** Requests under way to one origin, and the lanes that wait because they are too many. */
interface Origin {
  active: number;
  readonly waiting: Turns<LaneKey>;
}

/**
 * The places of each origin: webhooks that share one (a chat service, say) share what it is asked at once, and take turns.
 */
export class OriginPlaces {
  readonly #most: number;
  readonly #origins = new Map<string, Origin>();

  /** @param most requests under way at once to one origin */
  constructor(most: number) {
    this.#most = most;
  }

  hasRoom({ origin }: LaneKey): boolean {
    return origin === null || (this.#origins.get(origin)?.active ?? 0) < this.#most;
  }

  take({ origin }: LaneKey): void {
    if (origin !== null) this.#of(origin).active += 1;
  }

  leave({ origin }: LaneKey): void {
    if (origin === null) return;
    const places = this.#of(origin);
    places.active -= 1;
    if (places.active === 0 && places.waiting.isEmpty) this.#origins.delete(origin);
  }

  /** Lines up for a place that is freed. */
  wait(key: LaneKey): void {
    if (key.origin !== null) this.#of(key.origin).waiting.add(key);
  }

  /** The lane whose turn it is for a free place of this origin, if there is both. */
  next({ origin }: LaneKey): LaneKey | undefined {
    const places = origin === null ? undefined : this.#origins.get(origin);
    return places && places.active < this.#most ? places.waiting.take() : undefined;
  }

  #of(origin: string): Origin {
    let places = this.#origins.get(origin);
    if (!places) {
      places = { active: 0, waiting: new Turns() };
      this.#origins.set(origin, places);
    }
    return places;
  }
}
