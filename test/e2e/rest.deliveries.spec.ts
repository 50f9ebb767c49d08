import { randomUUID } from 'node:crypto';
import { RecordingReceiver } from '../support/recording-receiver.js';
import { eventually, RestServer } from '../support/rest-server.js';

interface Page {
  readonly items: readonly (Record<string, unknown> & { readonly id: string })[];
  readonly nextCursor: string | null;
  readonly total?: number;
}

describe('deliveries over REST', () => {
  let server: RestServer;
  let receiver: RecordingReceiver;

  beforeAll(async () => {
    receiver = await RecordingReceiver.start();
    server = await (await RestServer.start()).ready();
  });
  afterAll(async () => {
    await server.stop();
    await receiver.close();
  });

  /** A webhook of its own for each test, that listens to a type of its own. */
  async function webhook(fields: object = {}) {
    const id = `w-${randomUUID().slice(0, 8)}`;
    const url = receiver.url(`/${id}`);
    const body = { id, url, eventTypes: [`type-of-${id}`], ...fields };
    await server.api.post('/api/v1/webhooks').send(body).expect(201);
    return { id, path: `/${id}`, eventType: `type-of-${id}` };
  }

  async function append(type: string, metadata: object = {}): Promise<string> {
    const id = randomUUID();
    const body = { stream: `order-${id}`, events: [{ id, type, data: { total: 1 }, metadata }] };
    await server.api.post('/api/v1/events').send(body).expect(201);
    return id;
  }

  async function list(query: string): Promise<Page> {
    return (await server.api.get(`/api/v1/deliveries?${query}`).expect(200)).body as Page;
  }

  async function only(query: string, count = 1) {
    await eventually(async () => (await list(query)).items.length === count);
    const [item] = (await list(query)).items;
    if (!item) throw new Error('there is none');
    return item;
  }

  it('shows a delivery, and everything that was tried', async () => {
    const {
      id: webhookId,
      eventType,
      path,
    } = await webhook({
      retry: { kind: 'list', delaysMs: [10, 10] },
    });
    receiver.behave(path, (_request, response, count) => {
      response.writeHead(count === 1 ? 500 : 204).end(count === 1 ? 'oh no' : undefined);
    });

    const eventId = await append(eventType);
    const item = await only(`webhookId=${webhookId}&status=succeeded`);

    expect(item).toEqual({
      id: expect.any(String),
      webhookId,
      tenantId: null,
      eventId,
      eventType,
      stream: `order-${eventId}`,
      revision: '0',
      position: expect.stringMatching(/^\d+$/),
      status: 'succeeded',
      attemptCount: 2,
      nextAttemptAt: null,
      isWaitingInOrder: false,
      lastStatusCode: 204,
      lastErrorClass: null,
      createdAt: expect.any(String),
      completedAt: expect.any(String),
    });
    const { body } = await server.api.get(`/api/v1/deliveries/${item.id}`).expect(200);
    expect(body).toMatchObject({
      ...item,
      attempts: [
        {
          number: 1,
          trigger: 'live',
          statusCode: 500,
          errorClass: 'http_status',
          responseBody: 'oh no',
          timings: { totalMs: expect.any(Number) },
          remoteAddress: expect.stringContaining('127.0.0.1'),
          nextAttemptAt: expect.any(String),
        },
        { number: 2, trigger: 'retry', statusCode: 204, errorClass: null, nextAttemptAt: null },
      ],
    });
    expect(new Set(receiver.at(path).map(({ webhookId: sent }) => sent))).toEqual(
      new Set([item.id]),
    );
  });

  it('finds deliveries by each of their marks', async () => {
    const { id: webhookId, eventType } = await webhook({ tenantId: 'acme' });
    const eventId = await append(eventType, { tenantId: 'acme' });
    const item = await only(`webhookId=${webhookId}&status=succeeded`);

    for (const query of [
      `eventId=${eventId}`,
      `stream=order-${eventId}`,
      `eventType=${eventType}`,
      `tenantId=acme&webhookId=${webhookId}`,
      `statusCode=204&webhookId=${webhookId}`,
      `from=2020-01-01&webhookId=${webhookId}`,
      `to=2999-01-01T00:00:00Z&webhookId=${webhookId}`,
    ]) {
      expect((await list(query)).items).toEqual([item]);
    }
    for (const query of [
      `statusCode=500&webhookId=${webhookId}`,
      `from=2999-01-01&webhookId=${webhookId}`,
      `tenantId=other&webhookId=${webhookId}`,
      `status=discarded&webhookId=${webhookId}`,
    ]) {
      expect((await list(query)).items).toEqual([]);
    }
  });

  it('lists by pages, newest first, each delivery once, with an exact total', async () => {
    const { id: webhookId, eventType } = await webhook();
    const eventIds: string[] = [];
    for (let n = 0; n < 5; n++) eventIds.push(await append(eventType));
    await only(`webhookId=${webhookId}&status=succeeded`, 5);

    const seen: unknown[] = [];
    let cursor: string | null = null;
    do {
      const from: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
      const page = await list(`webhookId=${webhookId}&status=succeeded&limit=2${from}`);
      expect(page.total).toBe(5);
      seen.push(...page.items.map(({ eventId }) => eventId));
      cursor = page.nextCursor;
    } while (cursor !== null);

    expect([...seen].sort()).toEqual([...eventIds].sort());
  });

  it('gives no total where no counter knows it', async () => {
    expect(await list('statusCode=204')).not.toHaveProperty('total');
  });

  it('replays a delivery with the same webhook-id, and the next question sees that', async () => {
    const { id: webhookId, eventType, path } = await webhook();
    await append(eventType);
    const item = await only(`webhookId=${webhookId}&status=succeeded`);

    const { body } = await server.api
      .post(`/api/v1/deliveries/${item.id}/replay`)
      .send({ reason: 'the receiver lost it' })
      .expect(202);
    const details = (await server.api.get(`/api/v1/deliveries/${item.id}`).expect(200)).body as {
      run: number;
    };

    expect(body).toMatchObject({ id: item.id, run: 2, position: expect.stringMatching(/^\d+$/) });
    expect(details.run).toBe(2);
    await eventually(async () => {
      const shown = await server.api.get(`/api/v1/deliveries/${item.id}`);
      return (shown.body as { attemptCount: number }).attemptCount === 2;
    });
    expect(receiver.at(path).map(({ webhookId: sent }) => sent)).toEqual([item.id, item.id]);
    const after = (await server.api.get(`/api/v1/deliveries/${item.id}`).expect(200))
      .body as object;
    expect(after).toMatchObject({
      status: 'succeeded',
      attempts: [{ trigger: 'live' }, { trigger: 'replay' }],
      decisions: [{ kind: 'replay-requested', by: 'api', reason: 'the receiver lost it' }],
    });
  });

  describe('dead letters', () => {
    async function dead(count: number) {
      const { id: webhookId, eventType, path } = await webhook();
      receiver.behave(path, (_request, response) => {
        response.writeHead(404).end();
      });
      for (let n = 0; n < count; n++) await append(eventType);
      await only(`webhookId=${webhookId}&status=dead-lettered`, count);
      return { webhookId, path };
    }

    it('are listed with their final error', async () => {
      const { webhookId } = await dead(2);

      const { body } = await server.api
        .get(`/api/v1/dead-letters?webhookId=${webhookId}`)
        .expect(200);

      expect(body).toMatchObject({
        total: 2,
        items: [
          { status: 'dead-lettered', finalError: { reason: 'rejected', statusCode: 404 } },
          { status: 'dead-lettered' },
        ],
      });
    });

    it('are replayed by filter', async () => {
      const { webhookId, path } = await dead(3);
      receiver.behave(path, (_request, response) => {
        response.writeHead(200).end();
      });

      const { body } = await server.api
        .post('/api/v1/dead-letters/replay')
        .send({ webhookId, reason: 'mended' })
        .expect(202);

      expect(body).toEqual({ accepted: 3, replayId: expect.stringMatching(/^rpl_/) });
      await only(`webhookId=${webhookId}&status=succeeded`, 3);
      expect((await list(`webhookId=${webhookId}&status=dead-lettered`)).total).toBe(0);
    });

    it('are discarded, once and for all to see', async () => {
      const { webhookId } = await dead(1);
      const { id } = await only(`webhookId=${webhookId}`);

      const first = await server.api.post(`/api/v1/deliveries/${id}/discard`).send({}).expect(200);
      const again = await server.api.post(`/api/v1/deliveries/${id}/discard`).send({}).expect(200);

      expect(first.body).toMatchObject({ status: 'discarded', position: expect.any(String) });
      expect(again.body).toMatchObject({ status: 'discarded', position: null });
      expect((await list(`webhookId=${webhookId}`)).items).toMatchObject([{ status: 'discarded' }]);
    });

    it('are not discarded when they have succeeded', async () => {
      const { id: webhookId, eventType } = await webhook();
      await append(eventType);
      const { id } = await only(`webhookId=${webhookId}&status=succeeded`);

      const { body } = await server.api
        .post(`/api/v1/deliveries/${id}/discard`)
        .send({})
        .expect(409);

      expect(body).toMatchObject({ code: 'PSH_DELIVERY_SUCCEEDED' });
    });
  });

  it('tells how the endpoint of a webhook fares', async () => {
    const { id: webhookId, eventType, path } = await webhook();
    await append(eventType);
    await only(`webhookId=${webhookId}&status=succeeded`);
    receiver.behave(path, (_request, response) => {
      response.writeHead(404).end();
    });
    await append(eventType);
    await only(`webhookId=${webhookId}&status=dead-lettered`);

    const { body } = await server.api.get(`/api/v1/webhooks/${webhookId}/health`).expect(200);

    expect(body).toMatchObject({
      webhookId,
      consecutiveFailures: 1,
      failingSince: expect.any(String),
      warningStage: 0,
      lane: { active: 0, concurrency: 10, breaker: 'closed', slowedBy: null, opensAt: null },
      total: {
        attempts: 2,
        successes: 1,
        successRate: 0.5,
        byStatusClass: { '2xx': 1, '4xx': 1 },
        latencyMs: { p50: expect.any(Number) },
      },
      hours: [{ hour: expect.any(String) }],
    });
    await server.api.get('/api/v1/webhooks/none/health').expect(404);
  });
});
