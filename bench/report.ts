import { CONTENDERS, type ContenderName } from './contender.js';

/** What one round measured of one contender. */
export interface Measurement {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly rssMb: number;
}

export type Rounds = ReadonlyMap<ContenderName, readonly Measurement[]>;

/** The last line of the output. */
export interface Summary extends Partial<
  Record<ContenderName, Pick<Measurement, 'perSecond' | 'p50Ms' | 'p99Ms'>>
> {
  readonly embeddedOverRaw?: number;
  readonly embeddedOverBullmq?: number;
  readonly wireOverBullmq?: number;
  /** Of the process with the embedded event store, at its largest. */
  readonly rssMb?: number;
}

export function percentile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? NaN;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  return ((low ?? NaN) + (high ?? NaN)) / 2;
}

/** Medians over the rounds; a ratio is the median of the ratios of each round, so that noise hits both alike. */
export function summarise(rounds: Rounds): Summary {
  const summary: { -readonly [Key in keyof Summary]: Summary[Key] } = {};
  for (const name of CONTENDERS) {
    const measured = rounds.get(name);
    if (!measured?.length) continue;
    summary[name] = {
      perSecond: Math.round(median(measured.map(({ perSecond }) => perSecond))),
      p50Ms: rounded(median(measured.map(({ p50Ms }) => p50Ms))),
      p99Ms: rounded(median(measured.map(({ p99Ms }) => p99Ms))),
    };
  }
  const ratio = (
    key: 'embeddedOverRaw' | 'embeddedOverBullmq' | 'wireOverBullmq',
    one: ContenderName,
    other: ContenderName,
  ): Partial<Summary> => {
    const theirs = rounds.get(other) ?? [];
    const ratios = (rounds.get(one) ?? []).flatMap(({ perSecond }, round) => {
      const against = theirs[round]?.perSecond;
      return against === undefined ? [] : [perSecond / against];
    });
    return ratios.length === 0 ? {} : { [key]: rounded(median(ratios)) };
  };
  const embedded = rounds.get('embedded') ?? [];
  return {
    ...summary,
    ...ratio('embeddedOverRaw', 'embedded', 'raw'),
    ...ratio('embeddedOverBullmq', 'embedded', 'bullmq'),
    ...ratio('wireOverBullmq', 'wire', 'bullmq'),
    ...(embedded.length > 0 && { rssMb: Math.max(...embedded.map(({ rssMb }) => rssMb)) }),
  };
}

/** The summary as people read it. */
export function table(rounds: Rounds): string {
  const lines = [...rounds].map(([name, measured]) => {
    const all = measured.map(({ perSecond }) => Math.round(perSecond)).join(' ');
    const cells = [
      name.padEnd(10),
      column(median(measured.map(({ perSecond }) => perSecond)), 0),
      column(median(measured.map(({ p50Ms }) => p50Ms)), 2),
      column(median(measured.map(({ p99Ms }) => p99Ms)), 2),
      column(Math.max(...measured.map(({ rssMb }) => rssMb)), 0),
    ];
    return `  ${cells.join('')}   ${all}`;
  });
  const head = ['', 'per second', 'p50 ms', 'p99 ms', 'RSS MiB'];
  const [first = '', ...rest] = head;
  return [
    `  ${first.padEnd(10)}${rest.map((name) => name.padStart(12)).join('')}   per second, by round`,
    ...lines,
  ].join('\n');
}

function column(value: number, digits: number): string {
  return value.toFixed(digits).padStart(12);
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
