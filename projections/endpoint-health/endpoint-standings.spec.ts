import { Logger } from '@nestjs/common';
import {
  ENDPOINT_STANDINGS,
  type EndpointStanding,
  type EndpointStandings,
} from '../../modules/delivery/endpoint-standing.port.js';
import { ProjectionsApplication } from '../../test/support/projections-application.js';

let application: ProjectionsApplication;
let standings: EndpointStandings;
let position: bigint;
let number = 0;

/** An attempt for `webhookId`; its times are of another machine, and do not count. */
async function attempted(webhookId: string, isSuccess: boolean, isUnsent = false): Promise<void> {
  const name = `dlv_${(number += 1)}`;
  const at = '2020-01-01T00:00:00.000Z';
  position = await application.world.appendTo(`posthorn.delivery-${name}`, 'DeliveryAttempted', {
    v: 1,
    origin: {
      ...{ deliveryId: name, webhookId, registration: 1, tenantId: null, eventId: name },
      ...{ eventType: 'placed', stream: 's-1', revision: '0', position: '1', occurredAt: at },
    },
    ...{ run: 1, number: 1, trigger: 'live', nextAttemptAt: null, owner: 'i-1' },
    ...(isUnsent ? { isUnsent } : {}),
    attempt: {
      ...{ url: 'https://example.test', startedAt: at, timings: { totalMs: 5 } },
      ...{ statusCode: null, errorClass: isSuccess ? null : 'timeout', errorMessage: null },
      ...{ remoteAddress: null, responseHeaders: null, responseBody: null },
      isResponseTruncated: false,
    },
  });
}

async function happened(webhookId: string, type: string, data: object = {}): Promise<void> {
  const stream = `posthorn.${type.startsWith('Endpoint') ? 'endpoint' : 'webhook'}-${webhookId}`;
  position = await application.world.appendTo(stream, type, { v: 1, webhookId, ...data });
}

async function standingOf(webhookId: string): Promise<EndpointStanding | undefined> {
  return standings.standingOf(webhookId, position);
}

beforeAll(async () => {
  Logger.overrideLogger(false);
  application = await ProjectionsApplication.start();
  standings = application.module.get(ENDPOINT_STANDINGS);
});

afterAll(async () => {
  await application.close();
});

describe('how an endpoint stands', () => {
  it('counts from the first failure since the last success, by the clock of the event store', async () => {
    const before = Date.now();
    await attempted('a', false);
    await attempted('a', true);
    await attempted('a', false);
    await attempted('a', false);
    const standing = await standingOf('a');

    expect(standing).toMatchObject({ failureCount: 2, warnedSince: null });
    expect(standing?.failingSince).toBeGreaterThanOrEqual(before);
    expect(standing?.lastFailureAt).toBeGreaterThanOrEqual(standing?.failingSince ?? Infinity);
  });

  it('does not count what was never sent', async () => {
    await attempted('unsent', false, true);
    expect((await standingOf('unsent'))?.failingSince ?? null).toBeNull();
  });

  it('remembers what was said, until it is taken back', async () => {
    await attempted('warned', false);
    const { failingSince } = (await standingOf('warned')) ?? { failingSince: null };
    const said = { failingSince: new Date(failingSince ?? 0).toISOString(), stage: 2 };
    await happened('warned', 'EndpointFailing', said);
    expect(await standingOf('warned')).toMatchObject({ warnedSince: failingSince, warnedStage: 2 });

    await attempted('warned', true);
    expect(await standingOf('warned')).toMatchObject({ failingSince: null, warnedStage: 2 });
    const failing = await standings.failing();
    expect(failing.map(({ webhookId }) => webhookId)).toContain('warned');

    await happened('warned', 'EndpointRecovered', said);
    expect(await standingOf('warned')).toMatchObject({ warnedSince: null, warnedStage: 0 });
  });

  it.each([
    ['WebhookResumed', {}],
    ['WebhookChanged', { changes: [{ field: 'url', before: 'a', after: 'b' }] }],
  ])('begins anew with %s', async (type, data) => {
    await attempted(type, false);
    await happened(type, 'EndpointFailing', { failingSince: '2026-01-01T00:00:00Z', stage: 1 });
    await happened(type, type, data);

    expect(await standingOf(type)).toMatchObject({ failingSince: null, warnedSince: null });
  });

  it('goes on when something else is changed', async () => {
    await attempted('changed', false);
    await happened('changed', 'WebhookChanged', { changes: [{ field: 'concurrency' }] });

    expect((await standingOf('changed'))?.failingSince).not.toBeNull();
  });
});
