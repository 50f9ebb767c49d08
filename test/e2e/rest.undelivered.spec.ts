import { randomUUID } from 'node:crypto';
import { jest } from '@jest/globals';
import { RecordingReceiver } from '../support/recording-receiver.js';
import { eventually, RestServer } from '../support/rest-server.js';

/** What was observed is audited some seconds later. */
jest.setTimeout(30_000);

interface Undelivered {
  readonly items: readonly { readonly eventId: string; readonly status: string }[];
  readonly total: number;
  readonly audit: {
    readonly from: string;
    readonly upTo: string | null;
    readonly unresolved: readonly { readonly count: number; readonly first: { stream: string } }[];
  } | null;
}

describe('what did not arrive at a webhook, over REST', () => {
  let server: RestServer;
  let receiver: RecordingReceiver;

  beforeAll(async () => {
    receiver = await RecordingReceiver.start();
    server = await (await RestServer.start()).ready();
    const url = receiver.url('/orders');
    const retry = { kind: 'list', delaysMs: [] };
    const webhook = { id: 'orders', url, eventTypes: ['placed'], isGlobal: true, retry };
    await server.api.post('/api/v1/webhooks').send(webhook).expect(201);
  });
  afterAll(async () => {
    await server.stop();
    await receiver.close();
  });

  async function append(metadata: object = {}): Promise<{ id: string; position: string }> {
    const id = randomUUID();
    const body = { stream: `order-${id}`, events: [{ id, type: 'placed', data: {}, metadata }] };
    const answer = await server.api.post('/api/v1/events').send(body).expect(201);
    return { id, position: (answer.body as { position: string }).position };
  }

  async function undelivered(): Promise<Undelivered> {
    const { body } = await server.api.get('/api/v1/webhooks/orders/undelivered').expect(200);
    return body as Undelivered;
  }

  const auditedUpTo = (position: string): Promise<void> =>
    eventually(async () => BigInt((await undelivered()).audit?.upTo ?? -1) >= BigInt(position));

  it('is exact up to the audited position, which follows on a quiet system', async () => {
    receiver.behave('/orders', (_request, response) => {
      response.writeHead(400).end();
    });
    const failed = await append();
    await eventually(async () => (await undelivered()).total === 1);
    receiver.behave('/orders', (_request, response) => {
      response.writeHead(204).end();
    });
    const arrived = await append();

    await auditedUpTo(arrived.position);

    const { audit, items, total } = await undelivered();
    expect(items).toMatchObject([
      { eventId: failed.id, status: 'dead-lettered', position: failed.position },
    ]);
    expect(total).toBe(1);
    expect(BigInt(audit?.from ?? -1)).toBeLessThanOrEqual(BigInt(failed.position));
    expect(audit?.unresolved).toEqual([]);
  });

  it('names the events of which it cannot be told whose they are', async () => {
    const unclear = await append({ tenantId: 17 });
    const arrived = await append();

    await auditedUpTo(arrived.position);

    const { audit } = await undelivered();
    expect(audit?.unresolved).toMatchObject([
      {
        from: unclear.position,
        upTo: unclear.position,
        count: 1,
        code: 'PSH_FEED_TENANT_INVALID',
        first: { eventId: unclear.id, eventType: 'placed', revision: '0' },
      },
    ]);
  });

  it('says in readiness how far it is audited', async () => {
    const { body } = await server.api.get('/api/v1/health/ready').expect(200);

    expect(JSON.stringify(body)).toContain('auditedPosition');
  });
});
