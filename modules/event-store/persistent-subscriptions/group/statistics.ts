/** How many messages were processed since the last measurement. */
export interface Measurement {
  readonly total: number;
  readonly sinceLast: number;
  /** Whole messages per second since the last measurement. */
  readonly perSecond: number;
}

/** Counts processed messages; a measurement covers the time since the one before. */
export class Throughput {
  #total = 0;
  #measuredTotal = 0;
  #measuredAtMs: number;

  constructor(nowMs: number) {
    this.#measuredAtMs = nowMs;
  }

  count(): void {
    this.#total++;
  }

  measure(nowMs: number): Measurement {
    const sinceLast = this.#total - this.#measuredTotal;
    const elapsedS = (nowMs - this.#measuredAtMs) / 1_000;
    this.#measuredTotal = this.#total;
    this.#measuredAtMs = nowMs;
    const perSecond = elapsedS > 0 ? Math.trunc(sinceLast / elapsedS) : 0;
    return { total: this.#total, sinceLast, perSecond };
  }
}

const KEPT_LATENCIES = 1_000;

/** The shares of the observed latencies that are reported, by the name that EventStoreDB gives them. */
const QUANTILES: readonly (readonly [name: string, share: number])[] = [
  ['Median', 0.5],
  ['Fastest', 0],
  ['Quintile 1', 0.2],
  ['Quintile 2', 0.4],
  ['Quintile 3', 0.6],
  ['Quintile 4', 0.8],
  ['Quintile 5', 1],
  ['90%', 0.9],
  ['95%', 0.95],
  ['99%', 0.99],
  ['99.5%', 0.995],
  ['99.9%', 0.999],
  ['Highest', 1],
];

/** The last thousand times between handing out a message and its acknowledgement, in milliseconds. */
export class Latencies {
  readonly #observed = new Float64Array(KEPT_LATENCIES);
  #count = 0;

  observe(latencyMs: number): void {
    this.#observed[this.#count % KEPT_LATENCIES] = latencyMs;
    this.#count++;
  }

  /** Whole milliseconds by the name of the measurement; empty before the first observation. */
  summary(): ReadonlyMap<string, number> {
    const summary = new Map<string, number>();
    if (this.#count === 0) return summary;
    const sorted = this.#observed.slice(0, Math.min(this.#count, KEPT_LATENCIES)).sort();
    const mean = sorted.reduce((sum, latency) => sum + latency, 0) / sorted.length;
    summary.set('Mean', Math.trunc(mean));
    for (const [name, share] of QUANTILES) {
      const rank = Math.max(Math.ceil(share * sorted.length) - 1, 0);
      summary.set(name, Math.trunc(sorted[rank] ?? 0));
    }
    return summary;
  }
}
