import { Logger } from '@nestjs/common';
import type { AttemptRecord, DeliveryOrigin } from '../../modules/delivery/delivery.events.js';
import { ManualClock } from '../../modules/kernel/index.js';
import { ProjectionsApplication } from '../../test/support/projections-application.js';
import {
  type EndpointHealth,
  GetEndpointHealth,
  type GetEndpointHealthOptions,
} from './get-endpoint-health.query.js';

const TEN = Date.UTC(2026, 0, 1, 10);
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

let application: ProjectionsApplication;
let position: bigint;

function origin(deliveryId: string): DeliveryOrigin {
  return {
    deliveryId,
    webhookId: 'orders',
    registration: 1,
    tenantId: null,
    eventId: 'event',
    eventType: 'order.placed',
    stream: 'order-1',
    revision: '0',
    position: '1',
    occurredAt: new Date(TEN).toISOString(),
  };
}

function attempt(startedAt: number, statusCode: number | null, totalMs: number): AttemptRecord {
  return {
    url: 'https://example.com',
    startedAt: new Date(startedAt).toISOString(),
    timings: {
      dnsMs: null,
      connectMs: null,
      tlsMs: null,
      firstByteMs: null,
      bodyMs: null,
      totalMs,
    },
    statusCode,
    errorClass: statusCode === 200 ? null : 'http_status',
    errorMessage: null,
    remoteAddress: null,
    responseHeaders: null,
    responseBody: null,
    isResponseTruncated: false,
  };
}

async function attempted(deliveryId: string, number: number, record: AttemptRecord): Promise<void> {
  position = await application.world.appendTo(
    `posthorn.delivery-${deliveryId}`,
    'DeliveryAttempted',
    {
      v: 1,
      ...(number === 1 ? { origin: origin(deliveryId) } : {}),
      run: 1,
      number,
      trigger: 'retry',
      attempt: record,
      nextAttemptAt: new Date(TEN + HOUR_MS).toISOString(),
      owner: 'instance-1',
    },
  );
}

function health(options: Partial<GetEndpointHealthOptions> = {}): Promise<EndpointHealth> {
  return application.queries.execute(
    new GetEndpointHealth({ webhookId: 'orders', minPosition: position, ...options }),
  );
}

beforeAll(async () => {
  Logger.overrideLogger(false);
  application = await ProjectionsApplication.start(new ManualClock(TEN + 2 * HOUR_MS));
  await attempted('a', 1, attempt(TEN + MINUTE_MS, 503, 100));
  await attempted('a', 2, attempt(TEN + 2 * MINUTE_MS, null, 20_000));
  await attempted('b', 1, attempt(TEN + 3 * MINUTE_MS, 200, 50));
  await attempted('a', 3, attempt(TEN + 59 * MINUTE_MS, 404, 60));
  await attempted('c', 1, attempt(TEN + 61 * MINUTE_MS, 302, 70));
});

afterAll(async () => {
  await application.close();
});

describe('GetEndpointHealth', () => {
  it('counts the attempts of each hour by the hour in which they started', async () => {
    const { hours } = await health();
    expect(hours).toMatchObject([
      {
        hour: '2026-01-01T10:00:00.000Z',
        attempts: 4,
        successes: 1,
        failures: 3,
        successRate: 0.25,
        byStatusClass: { '2xx': 1, '3xx': 0, '4xx': 1, '5xx': 1, none: 1 },
      },
      {
        hour: '2026-01-01T11:00:00.000Z',
        attempts: 1,
        successRate: 0,
        byStatusClass: { '2xx': 0, '3xx': 1, '4xx': 0, '5xx': 0, none: 0 },
      },
    ]);
  });

  it('gives percentiles of the latency, of each hour and of all together', async () => {
    const { hours, total } = await health();
    expect(hours[1]?.latencyMs.p50).toBeCloseTo(70, -1);
    expect(total.attempts).toBe(5);
    expect(total.latencyMs.p50).toBeCloseTo(70, -1);
    expect(Math.abs((total.latencyMs.p99 ?? 0) / 20_000 - 1)).toBeLessThan(0.1);
  });

  it('says when it last succeeded and failed, and how often it has failed since', async () => {
    expect(await health()).toMatchObject({
      lastSuccessAt: '2026-01-01T10:03:00.000Z',
      lastFailureAt: '2026-01-01T11:01:00.000Z',
      consecutiveFailures: 2,
    });
  });

  it('answers for the span that is asked for, by default the last 24 hours', async () => {
    expect((await health({ to: TEN + HOUR_MS })).hours).toHaveLength(1);
    expect((await health({ from: TEN + HOUR_MS, to: TEN + 2 * HOUR_MS })).hours).toHaveLength(1);
    expect((await health({ to: TEN })).hours).toEqual([]);
  });

  it('gives zeros for a webhook that nothing was sent for', async () => {
    expect(await health({ webhookId: 'nobody' })).toMatchObject({
      lastSuccessAt: null,
      consecutiveFailures: 0,
      total: { attempts: 0, successRate: null, latencyMs: { p50: null } },
      hours: [],
    });
  });

  it.each([
    [{ from: TEN, to: TEN }],
    [{ from: TEN - 40 * 24 * HOUR_MS, to: TEN }],
    [{ from: Number.NaN }],
  ])('refuses the span %j', async (span) => {
    await expect(health(span)).rejects.toMatchObject({
      code: 'PSH_PROJECTION_QUERY_INVALID',
      problems: [{ field: 'from' }],
    });
  });
});
