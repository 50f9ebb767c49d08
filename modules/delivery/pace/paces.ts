import type { LaneKey } from '../lane-key.js';
import { LanePace, type LanePaceOptions } from './lane-pace.js';
import type { LaneReport } from './lane-signal.js';

/** The paces of those lanes that are limited, or have met something. Most have none: they go as fast as they may. */
export class Paces {
  readonly #options: LanePaceOptions;
  readonly #paces = new Map<string, LanePace>();

  constructor(options: LanePaceOptions) {
    this.#options = options;
  }

  /** The pace of a lane; `undefined` when nothing slows it. */
  of(key: LaneKey): LanePace | undefined {
    const known = this.#paces.get(key.webhookId);
    if (!known && key.rateLimit === null) return undefined;
    const pace = known ?? this.#begin(key.webhookId);
    pace.limitTo(key.rateLimit);
    return pace;
  }

  find(webhookId: string): LanePace | undefined {
    return this.#paces.get(webhookId);
  }

  /** Takes in what a request met. */
  met(key: LaneKey, report: LaneReport, now: number, startedAt: number): void {
    let pace = this.of(key);
    if (!pace && report.signal === 'answers') return;
    pace ??= this.#begin(key.webhookId);
    pace.met(report, now, startedAt, key.concurrency);
  }

  /** Drops the pace if there is nothing to remember. */
  forgetIfAtRest(webhookId: string, now: number): void {
    if (this.#paces.get(webhookId)?.isAtRest(now)) this.#paces.delete(webhookId);
  }

  /** The endpoint of the webhook may be another one now, or mended. */
  reset(webhookId: string): void {
    this.#paces.get(webhookId)?.reset();
  }

  #begin(webhookId: string): LanePace {
    const pace = new LanePace(this.#options);
    this.#paces.set(webhookId, pace);
    return pace;
  }
}
