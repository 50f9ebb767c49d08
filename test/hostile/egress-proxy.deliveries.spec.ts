import { randomUUID } from 'node:crypto';
import { jest } from '@jest/globals';
import { RecordingReceiver } from '../support/recording-receiver.js';
import { eventually, RestServer } from '../support/rest-server.js';
import { ConnectProxy, refuse, tunnel } from './connect-proxy.js';

// A delivery that was put off comes again after five seconds.
jest.setTimeout(60_000);

describe('a delivery through an egress proxy that fails', () => {
  let proxy: ConnectProxy;
  let receiver: RecordingReceiver;
  let server: RestServer;
  let isWorking = false;

  beforeAll(async () => {
    proxy = await ConnectProxy.start((client, request) => {
      (isWorking ? tunnel : refuse(503))(client, request);
    });
    receiver = await RecordingReceiver.start();
    server = await (await RestServer.start({ egressProxy: proxy.url })).ready();
  });

  afterAll(async () => {
    await server.stop();
    await receiver.close();
    await proxy.close();
  });

  it('waits, without an attempt, and is made once the proxy works', async () => {
    await server.api
      .post('/api/v1/webhooks')
      .send({ id: 'proxied', url: receiver.url('/hook'), eventTypes: ['opened'], timeoutMs: 1_000 })
      .expect(201);
    const events = [{ id: randomUUID(), type: 'opened', data: { total: 1 } }];
    await server.api.post('/api/v1/events').send({ stream: 'order-1', events }).expect(201);
    await eventually(() => Promise.resolve(proxy.asked.length > 0));
    const test = await server.api.post('/api/v1/webhooks/proxied/test').expect(200);
    expect(test.body).toMatchObject({
      isSuccess: false,
      errorClass: 'proxy_error',
      statusCode: null,
    });

    isWorking = true;
    await eventually(() => Promise.resolve(receiver.at('/hook').length > 0));
    const deliveries = async (): Promise<Record<string, unknown>[]> => {
      const { body } = await server.api.get(
        '/api/v1/deliveries?webhookId=proxied&status=succeeded',
      );
      return (body as { items: Record<string, unknown>[] }).items;
    };
    await eventually(async () => (await deliveries()).length === 1);

    expect(await deliveries()).toEqual([
      expect.objectContaining({ status: 'succeeded', attemptCount: 1, lastErrorClass: null }),
    ]);
    expect(receiver.at('/hook')).toHaveLength(1);
    const [delivery] = await deliveries();
    const { body } = await server.api.get(`/api/v1/deliveries/${String(delivery?.['id'])}`);
    expect((body as { decisions: unknown[] }).decisions[0]).toMatchObject({
      kind: 'postponed',
      reason: 'proxy_error',
      dueAt: expect.any(String),
    });
  });
});
