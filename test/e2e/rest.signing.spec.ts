import {
  verifyWebhook,
  type WebhookVerification,
  WebhookVerificationError,
} from '../../modules/receiver/index.js';
import { type ReceivedRequest, RecordingReceiver } from '../support/recording-receiver.js';
import { eventually, RestServer } from '../support/rest-server.js';

interface VerificationKeys {
  readonly signingSecret: string;
  readonly publicKey: string;
}

interface SigningKeys {
  readonly items: readonly {
    readonly kind: string;
    readonly fingerprint: string;
    readonly publicKey: string | null;
    readonly isNewest: boolean;
    readonly validUntil: string | null;
  }[];
}

describe('the signing of a webhook over REST', () => {
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

  async function register(id: string, signing?: object): Promise<VerificationKeys> {
    const definition = { id, url: receiver.url(`/${id}`), eventTypes: [`${id}.happened`] };
    const { body } = await server.api
      .post('/api/v1/webhooks')
      .send({ ...definition, ...(signing && { signing }) })
      .expect(201);
    return body as VerificationKeys;
  }

  async function post<Answer>(path: string, body: object = {}): Promise<Answer> {
    const answer = await server.api.post(`/api/v1/webhooks/${path}`).send(body).expect(200);
    return answer.body as Answer;
  }

  async function signingKeys(id: string): Promise<SigningKeys['items']> {
    const { body } = await server.api.get(`/api/v1/webhooks/${id}/signing-keys`).expect(200);
    return (body as SigningKeys).items;
  }

  /** What a test call sends now. */
  async function sent(id: string): Promise<ReceivedRequest> {
    await post(`${id}/test`);
    const request = receiver.at(`/${id}`).at(-1);
    if (request) return request;
    throw new Error('nothing came');
  }

  function isVerified({ body, headers }: ReceivedRequest, by: WebhookVerification): boolean {
    try {
      verifyWebhook({ payload: body, headers, ...by });
      return true;
    } catch (error) {
      if (error instanceof WebhookVerificationError) return false;
      throw error;
    }
  }

  it('is with a secret and a key pair where both are asked for, each good alone', async () => {
    const { signingSecret, publicKey } = await register('both', { keys: 'both' });

    const request = await sent('both');

    expect(signingSecret).toMatch(/^whsec_/);
    expect(publicKey).toMatch(/^whpk_/);
    expect(isVerified(request, { secret: signingSecret })).toBe(true);
    expect(isVerified(request, { publicKey })).toBe(true);
    const shown = await server.api.get('/api/v1/webhooks/both').expect(200);
    expect(shown.body).toMatchObject({ signing: { keys: 'both' } });
    expect(shown.text).not.toMatch(/whsec_|whsk_/);
  });

  it('is the same for first attempts, retries and replays', async () => {
    const { publicKey } = await register('events', { keys: 'asymmetric' });
    receiver.behave('/events', (_request, response, count) => {
      response.writeHead(count === 1 ? 503 : 204).end();
    });
    const requests = () => receiver.at('/events');
    await server.api
      .post('/api/v1/events')
      .send({ stream: 'signing-1', events: [{ type: 'events.happened', data: { total: 1 } }] })
      .expect(201);

    for (const count of [1, 2]) {
      await receiver.until(() => requests().length === count);
      const delivery = `/api/v1/deliveries/${String(requests()[0]?.webhookId)}`;
      // a request is received before its outcome is recorded
      await eventually(async () => {
        const { body } = await server.api.get(delivery);
        return (body as { attemptCount?: number }).attemptCount === count;
      });
      await server.api.post(`${delivery}/replay`).send({}).expect(202);
    }
    await receiver.until(() => requests().length === 3);

    expect(new Set(requests().map(({ webhookId }) => webhookId)).size).toBe(1);
    for (const request of requests()) expect(isVerified(request, { publicKey })).toBe(true);
  });

  it('may be in several styles, which name the type of the event too', async () => {
    const { signingSecret: secret } = await register('styles', {
      profiles: [
        'standard',
        'github',
        { kind: 'stripe', headers: { id: 'X-Acme-Id', signature: 'Acme-Signature' } },
      ],
    });
    await server.api
      .post('/api/v1/events')
      .send({ stream: 'signing-2', events: [{ type: 'styles.happened', data: {} }] })
      .expect(201);
    await receiver.until(() => receiver.at('/styles').length > 0);
    const [request] = receiver.at('/styles');

    expect(request?.headers).toMatchObject({
      'x-webhook-event': 'styles.happened',
      'x-webhook-delivery': request?.webhookId,
      'x-acme-id': request?.webhookId,
    });
    for (const profile of [
      'standard',
      'github',
      { kind: 'stripe', headers: { signature: 'acme-signature' } },
    ] as const) {
      expect(request && isVerified(request, { secret, profile })).toBe(true);
    }
  });

  it('changes over to new keys while old ones still count, and takes one back at once', async () => {
    const before = await register('rotated', { keys: 'both' });

    const after = await post<VerificationKeys>('rotated/rotate-secret', { kind: 'symmetric' });
    const overlapping = await sent('rotated');

    expect(after.signingSecret).not.toBe(before.signingSecret);
    expect(after.publicKey).toBe(before.publicKey);
    expect(isVerified(overlapping, { secret: before.signingSecret })).toBe(true);
    expect(isVerified(overlapping, { secret: after.signingSecret })).toBe(true);
    const keys = await signingKeys('rotated');
    expect(keys).toMatchObject([
      { kind: 'symmetric', isNewest: true, publicKey: null, validUntil: null },
      { kind: 'asymmetric', isNewest: true, publicKey: before.publicKey, validUntil: null },
      { kind: 'symmetric', isNewest: false, validUntil: expect.stringMatching(/Z$/) as string },
    ]);

    const { items } = await post<SigningKeys>('rotated/revoke-secret', {
      fingerprint: keys[2]?.fingerprint,
    });
    const revoked = await sent('rotated');

    expect(items).toHaveLength(2);
    expect(isVerified(revoked, { secret: before.signingSecret })).toBe(false);
    expect(isVerified(revoked, { secret: after.signingSecret })).toBe(true);
  });

  it('is changed in part', async () => {
    await register('changed');

    const { body } = await server.api
      .patch('/api/v1/webhooks/changed')
      .send({ signing: { keys: 'both' } })
      .expect(200);

    expect(body).toMatchObject({
      signing: { keys: 'both', profiles: [{ kind: 'standard' }] },
    });
    const { publicKey } = await post<VerificationKeys>('changed/reveal-secret');
    expect(isVerified(await sent('changed'), { publicKey })).toBe(true);
  });

  it.each([
    ['rotated/rotate-secret', { kind: 'none' }, 400, 'PSH_API_INVALID_INPUT'],
    ['rotated/revoke-secret', {}, 400, 'PSH_API_INVALID_INPUT'],
    ['rotated/revoke-secret', { fingerprint: 'none' }, 404, 'PSH_REGISTRY_UNKNOWN_SECRET'],
    ['changed/rotate-secret', { signingSecret: 'x' }, 400, 'PSH_REGISTRY_INVALID_DEFINITION'],
    ['none/revoke-secret', { fingerprint: 'none' }, 404, 'PSH_REGISTRY_NOT_FOUND'],
  ])('refuses %s with %j', async (path, body, status, code) => {
    const answer = await server.api.post(`/api/v1/webhooks/${path}`).send(body);

    expect([answer.status, answer.body]).toMatchObject([status, { code }]);
  });

  it('refuses a definition that could not be signed, with every mistake', async () => {
    const { body } = await server.api
      .post('/api/v1/webhooks')
      .send({
        id: 'refused',
        url: receiver.url('/refused'),
        eventTypes: ['x'],
        signing: { keys: 'none', profiles: ['none', { kind: 'stripe', headers: { id: 'Host' } }] },
      })
      .expect(400);

    expect(body).toMatchObject({
      code: 'PSH_REGISTRY_INVALID_DEFINITION',
      problems: [
        { field: 'signing.keys' },
        { field: 'signing.profiles.0' },
        { field: 'signing.profiles.1.headers.id' },
      ],
    });
  });
});
