import { Inject } from '@nestjs/common';
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { CLOCK, type Clock, type FieldProblem } from '../../modules/kernel/index.js';
import { readModel } from '../database.js';
import { refuseIfAny } from '../runtime/page.js';
import { type Freshness, ReadModels } from '../runtime/read-models.js';
import { HOUR_MS, hourOf } from './endpoint-hour.js';
import type { EndpointHourRow, EndpointRow } from './endpoint-health.schema.js';
import { LatencyHistogram } from './latency-histogram.js';

/** Longest span that one query answers for: 31 days. */
const MOST_HOURS = 31 * 24;

const DEFAULT_SPAN_MS = 24 * HOUR_MS;

/** Of which webhook, over which time, and how fresh. */
export interface GetEndpointHealthOptions extends Freshness {
  readonly webhookId: string;
  /**
   * Epoch milliseconds; the hour that holds it is the first.
   *
   * @default 24 hours before `to`
   */
  readonly from?: number | undefined;
  /**
   * Epoch milliseconds, exclusive.
   *
   * @default now
   */
  readonly to?: number | undefined;
}

/** How the attempts of a span went. */
export interface EndpointFigures {
  readonly attempts: number;
  readonly successes: number;
  readonly failures: number;
  /** 0 to 1; `null` when there were no attempts. */
  readonly successRate: number | null;
  /** Attempts by class of the response; `none` is for those without a usable one. */
  readonly byStatusClass: Readonly<Record<'2xx' | '3xx' | '4xx' | '5xx' | 'none', number>>;
  /** Percentiles of the whole duration in milliseconds, off by at most 9 %; `null` when there were no attempts. */
  readonly latencyMs: {
    readonly p50: number | null;
    readonly p95: number | null;
    readonly p99: number | null;
  };
}

export interface EndpointHour extends EndpointFigures {
  /** Start of the hour, ISO 8601 in UTC. */
  readonly hour: string;
}

export interface EndpointHealth {
  readonly webhookId: string;
  /** When the last successful attempt started; `null` when there was none. */
  readonly lastSuccessAt: string | null;
  /** When the last failed attempt started; `null` when there was none. */
  readonly lastFailureAt: string | null;
  /** Failed attempts since the last success. */
  readonly consecutiveFailures: number;
  /**
   * When the first of them was recorded; `null` when the last attempt succeeded, or somebody has resumed the webhook or
   * moved it to another URL since.
   */
  readonly failingSince: string | null;
  /** The last stage of `EndpointFailing` that was recorded of it, 1 to 4; 0 when none was. */
  readonly warningStage: number;
  /** All hours together. */
  readonly total: EndpointFigures;
  /** Hours in which an attempt started, oldest first. */
  readonly hours: readonly EndpointHour[];
}

/**
 * How the endpoint of a webhook fares, hour by hour. A webhook that nothing was sent for has figures of zero.
 *
 * @throws PosthornError `PSH_PROJECTION_QUERY_INVALID` when the span is empty or longer than 31 days,
 *   `PSH_PROJECTION_LAGGING` when `minPosition` is not reached in time
 */
export class GetEndpointHealth extends Query<EndpointHealth> {
  readonly options: GetEndpointHealthOptions;

  constructor(options: GetEndpointHealthOptions) {
    super();
    this.options = options;
  }
}

@QueryHandler(GetEndpointHealth)
export class GetEndpointHealthHandler implements IQueryHandler<GetEndpointHealth> {
  readonly #readModels: ReadModels;
  readonly #clock: Clock;

  constructor(readModels: ReadModels, @Inject(CLOCK) clock: Clock) {
    this.#readModels = readModels;
    this.#clock = clock;
  }

  async execute({ options }: GetEndpointHealth): Promise<EndpointHealth> {
    const { webhookId, to = this.#clock.now() } = options;
    const { from = to - DEFAULT_SPAN_MS } = options;
    refuseIfAny(spanProblems(from, to));
    await this.#readModels.fresh(options);
    const [[endpoint], hours] = await this.#readModels.queryTogether<
      [EndpointRow, EndpointHourRow]
    >([
      readModel.selectFrom('endpoints').selectAll().where('webhook_id', '=', webhookId),
      readModel
        .selectFrom('endpoint_hours')
        .selectAll()
        .where('webhook_id', '=', webhookId)
        .where('hour', '>=', hourOf(from))
        .where('hour', '<', to)
        .orderBy('hour'),
    ]);
    return {
      webhookId,
      ...fortunesOf(endpoint),
      total: figuresOf(hours),
      hours: hours.map((row) => ({
        hour: new Date(row.hour).toISOString(),
        ...figuresOf([row]),
      })),
    };
  }
}

function fortunesOf(
  endpoint: EndpointRow | undefined,
): Omit<EndpointHealth, 'webhookId' | 'total' | 'hours'> {
  return {
    lastSuccessAt: isoOrNull(endpoint?.last_success_at ?? null),
    lastFailureAt: isoOrNull(endpoint?.last_failure_at ?? null),
    consecutiveFailures: endpoint?.consecutive_failures ?? 0,
    failingSince: isoOrNull(endpoint?.failing_since ?? null),
    warningStage: endpoint?.warned_stage ?? 0,
  };
}

function spanProblems(from: number, to: number): readonly FieldProblem[] {
  const fix = `Give epoch milliseconds, \`from\` before \`to\` and at most ${MOST_HOURS / 24} days.`;
  if (!Number.isSafeInteger(from)) return [{ field: 'from', message: 'is not a time', fix }];
  if (!Number.isSafeInteger(to)) return [{ field: 'to', message: 'is not a time', fix }];
  if (from >= to) return [{ field: 'from', message: 'is not before `to`', fix }];
  if (to - hourOf(from) <= (MOST_HOURS + 1) * HOUR_MS) return [];
  return [{ field: 'from', message: 'is too long before `to`', fix }];
}

function figuresOf(rows: readonly EndpointHourRow[]): EndpointFigures {
  const sum = (column: CountColumn): number => rows.reduce((all, row) => all + row[column], 0);
  const latency = LatencyHistogram.of();
  for (const row of rows) latency.addAll(LatencyHistogram.of(row.latency));
  const attempts = sum('attempts');
  const successes = sum('successes');
  return {
    attempts,
    successes,
    failures: attempts - successes,
    successRate: attempts === 0 ? null : successes / attempts,
    byStatusClass: {
      '2xx': sum('status_2xx'),
      '3xx': sum('status_3xx'),
      '4xx': sum('status_4xx'),
      '5xx': sum('status_5xx'),
      none: sum('no_response'),
    },
    latencyMs: {
      p50: latency.percentile(0.5),
      p95: latency.percentile(0.95),
      p99: latency.percentile(0.99),
    },
  };
}

type CountColumn = Exclude<keyof EndpointHourRow, 'webhook_id' | 'hour' | 'latency'>;

function isoOrNull(epochMs: number | null): string | null {
  return epochMs === null ? null : new Date(epochMs).toISOString();
}
