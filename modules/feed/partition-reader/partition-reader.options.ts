import { type FieldProblem, PosthornError } from '../../kernel/index.js';

/** How events are consumed in order. */
export interface PartitionReaderLimits {
  /** Into how many partitions the events are divided; never to be changed later. 1 to 1024, default 16. */
  readonly partitions: number;
  /** Streams of one partition whose events are handled at the same time. Default 8. */
  readonly streamsAtOnce: number;
  /** Events of one partition that are held in memory. Default 256. */
  readonly maxHeldEvents: number;
  /** A checkpoint is recorded after this many events. Default 500. */
  readonly checkpointEvents: number;
  /** And after this time, if there is anything new, in milliseconds. Default 2000. */
  readonly checkpointMs: number;
  /** Another instance takes a partition over when its owner was not heard of for this long, in milliseconds. Default 15000. */
  readonly leaseMs: number;
  /** How long events that are being handled are waited for before a partition is given away, in milliseconds. Default 10000. */
  readonly handOverMs: number;
}

export const PARTITION_READER_DEFAULTS = {
  partitions: 16,
  streamsAtOnce: 8,
  maxHeldEvents: 256,
  checkpointEvents: 500,
  checkpointMs: 2_000,
  leaseMs: 15_000,
  handOverMs: 10_000,
} as const satisfies PartitionReaderLimits;

const RANGES: Readonly<
  Record<keyof PartitionReaderLimits, readonly [least: number, most: number]>
> = {
  partitions: [1, 1_024],
  streamsAtOnce: [1, 10_000],
  maxHeldEvents: [1, 100_000],
  checkpointEvents: [1, 1_000_000],
  checkpointMs: [10, 600_000],
  leaseMs: [1_000, 600_000],
  handOverMs: [0, 600_000],
};

/** The limits with their defaults. @throws PosthornError `PSH_FEED_INVALID_OPTIONS`, with every mistake */
export function toLimits(given: Partial<PartitionReaderLimits>): PartitionReaderLimits {
  const limits = { ...PARTITION_READER_DEFAULTS, ...given };
  const problems: FieldProblem[] = [];
  for (const [field, [least, most]] of Object.entries(RANGES)) {
    const value = limits[field as keyof PartitionReaderLimits];
    if (Number.isInteger(value) && value >= least && value <= most) continue;
    const range = `a whole number from ${least} to ${most}`;
    problems.push({ field, message: `is not ${range}`, fix: `Give ${range}.` });
  }
  if (problems.length > 0) {
    throw new PosthornError('PSH_FEED_INVALID_OPTIONS', undefined, { problems });
  }
  return Object.freeze(limits);
}
