/** Buckets per doubling of the latency: each is 19 % wide, so a percentile is off by at most 9 %. */
const BUCKETS_PER_DOUBLING = 4;

/** The last bucket holds everything above 2^20 ms, about 17 minutes. */
const LAST_BUCKET = 20 * BUCKETS_PER_DOUBLING;

/**
 * Counts of latencies in buckets that grow by a fixed factor: few numbers however many attempts, and histograms of
 * several hours add up to that of all. Bucket 0 holds up to 1 ms, bucket `b` up to 2^(b/4) ms.
 */
export class LatencyHistogram {
  readonly #counts: Map<number, number>;

  private constructor(counts: Map<number, number>) {
    this.#counts = counts;
  }

  /** @param json what `toJson` gave; default: no latencies */
  static of(json = '{}'): LatencyHistogram {
    const counts = Object.entries(JSON.parse(json) as Record<string, number>);
    return new LatencyHistogram(new Map(counts.map(([bucket, count]) => [Number(bucket), count])));
  }

  add(latencyMs: number): void {
    const bucket = bucketOf(latencyMs);
    this.#counts.set(bucket, (this.#counts.get(bucket) ?? 0) + 1);
  }

  addAll(other: LatencyHistogram): void {
    for (const [bucket, count] of other.#counts) {
      this.#counts.set(bucket, (this.#counts.get(bucket) ?? 0) + count);
    }
  }

  /**
   * The latency in milliseconds that `share` of all are not above, by nearest rank.
   *
   * @param share above 0, at most 1: 0.95 for the 95th percentile
   * @returns `null` when there are no latencies
   */
  percentile(share: number): number | null {
    const buckets = [...this.#counts].sort(([a], [b]) => a - b);
    const total = buckets.reduce((sum, [, count]) => sum + count, 0);
    let rank = Math.ceil(share * total);
    for (const [bucket, count] of buckets) {
      rank -= count;
      if (rank <= 0) return middleOf(bucket);
    }
    return null;
  }

  /** Buckets in ascending order, so equal histograms have equal texts. */
  toJson(): string {
    const buckets = [...this.#counts].sort(([a], [b]) => a - b);
    return JSON.stringify(Object.fromEntries(buckets));
  }
}

function bucketOf(latencyMs: number): number {
  if (!(latencyMs > 1)) return 0;
  return Math.min(Math.ceil(Math.log2(latencyMs) * BUCKETS_PER_DOUBLING), LAST_BUCKET);
}

/** The geometric middle of a bucket, in milliseconds with two decimals: with one, short latencies were off by 11 %. */
function middleOf(bucket: number): number {
  if (bucket === 0) return 1;
  return Math.round(2 ** ((bucket - 0.5) / BUCKETS_PER_DOUBLING) * 100) / 100;
}
