import { Webhook } from 'standardwebhooks';
import { answer } from '../../test/hostile/endpoint.js';
import { outgoing, SECRET, SendingRig } from '../../test/hostile/sending.js';
import { ManualClock } from '../kernel/index.js';
import type { SendStep } from './exchange.js';
import { SendFailure } from './send-failure.js';

describe('UndiciSender: what is sent', () => {
  const rig = new SendingRig();

  afterEach(() => rig.close());

  describe('the request', () => {
    it('is a POST of exactly the given bytes, signed as the official library expects', async () => {
      const endpoint = await rig.endpoint();
      const body = Buffer.from('{"type":"account.opened","data":{"owner":"Zoë"}}');

      await rig.sender().send(outgoing(endpoint.url(undefined, '/hook?a=1&b=%20'), { body }));

      const [request] = endpoint.requests;
      expect(request).toMatchObject({ method: 'POST', path: '/hook?a=1&b=%20' });
      expect(request?.body.equals(body)).toBe(true);
      expect(request?.headers).toMatchObject({
        host: `127.0.0.1:${endpoint.port}`,
        'content-type': 'application/json',
        'content-length': String(body.length),
        'user-agent': 'Posthorn (+https://www.standardwebhooks.com)',
        'webhook-id': 'delivery-1',
      });
      expect(new Webhook(SECRET).verify(body, { ...request?.headers })).toEqual({
        type: 'account.opened',
        data: { owner: 'Zoë' },
      });
    });

    it('carries the time of the attempt in whole seconds', async () => {
      const endpoint = await rig.endpoint();
      const clock = new ManualClock(1_700_000_000_999);

      const result = await rig.sender({ clock }).send(outgoing(endpoint.url()));

      expect(endpoint.requests[0]?.headers['webhook-timestamp']).toBe('1700000000');
      expect(result.startedAt).toBe(1_700_000_000_999);
    });

    it('has one signature per secret, newest first, each good for its own secret', async () => {
      const endpoint = await rig.endpoint();
      const older = `whsec_${Buffer.alloc(32, 9).toString('base64')}`;

      await rig.sender().send(outgoing(endpoint.url(), { signingSecrets: [SECRET, older] }));

      const [request] = endpoint.requests;
      expect(request?.headers['webhook-signature']).toMatch(/^v1,\S{44} v1,\S{44}$/);
      const payload = request?.body ?? '';
      const newest = String(request?.headers['webhook-signature']).split(' ').slice(0, 1);
      for (const [secret, signature] of [
        [SECRET, newest[0]],
        [SECRET, request?.headers['webhook-signature']],
        [older, request?.headers['webhook-signature']],
      ]) {
        const headers = { ...request?.headers, 'webhook-signature': String(signature) };
        expect(() => new Webhook(String(secret)).verify(payload, headers)).not.toThrow();
      }
    });

    it('carries the bearer token, which no static header replaces', async () => {
      const endpoint = await rig.endpoint();

      await rig.sender().send(
        outgoing(endpoint.url(), {
          auth: { type: 'bearer', token: 'token-1' },
          headers: { Authorization: 'Basic eDp5', 'X-Api-Version': '2' },
        }),
      );

      expect(endpoint.requests[0]?.headers).toMatchObject({
        authorization: 'Bearer token-1',
        'x-api-version': '2',
      });
    });

    it('carries user name and password in UTF-8, as RFC 7617 says, and never records them', async () => {
      const endpoint = await rig.endpoint((socket, request) => {
        socket.write(answer(401, `no: ${String(request.headers['authorization'])}`));
      });
      const auth = { type: 'basic', username: 'test', password: '123£' } as const;

      const result = await rig.sender().send(outgoing(endpoint.url(), { auth }));

      // The example of RFC 7617, section 2.1.
      expect(endpoint.requests[0]?.headers['authorization']).toBe('Basic dGVzdDoxMjPCow==');
      expect(result.responseBody).toBe('no: Basic [masked]');
    });

    it('lets a static header name the authorization and the user agent otherwise', async () => {
      const endpoint = await rig.endpoint();

      await rig.sender().send(
        outgoing(endpoint.url(), {
          headers: { Authorization: 'Basic eDp5', 'User-Agent': 'Acme' },
        }),
      );

      expect(endpoint.requests[0]?.headers).toMatchObject({
        authorization: 'Basic eDp5',
        'user-agent': 'Acme',
      });
    });

    it.each([
      'Host',
      'content-length',
      'Content-Type',
      'transfer-encoding',
      'connection',
      'keep-alive',
      'upgrade',
      'TE',
      'trailer',
      'expect',
      'proxy-authorization',
      'Webhook-Id',
      'webhook-timestamp',
      'WEBHOOK-SIGNATURE',
      'webhook-replay',
    ])('is not changed by a static header called %s', async (name) => {
      const endpoint = await rig.endpoint();
      const sender = rig.sender({ clock: new ManualClock() });
      await sender.send(outgoing(endpoint.url()));

      const result = await sender.send(outgoing(endpoint.url(), { headers: { [name]: '7' } }));

      expect(result.verdict).toBe('success');
      expect(endpoint.requests[1]).toEqual(endpoint.requests[0]);
    });

    it('of a replay is marked, under the same webhook-id', async () => {
      const endpoint = await rig.endpoint();
      const sender = rig.sender();

      await sender.send(outgoing(endpoint.url()));
      await sender.send(outgoing(endpoint.url(), { isReplay: true }));

      const [live, replay] = endpoint.requests;
      expect(live?.headers).not.toHaveProperty('webhook-replay');
      expect(replay?.headers['webhook-replay']).toBe('true');
      expect(replay?.headers['webhook-id']).toBe(live?.headers['webhook-id']);
    });

    it('passes the steps that were added, before it is signed', async () => {
      const endpoint = await rig.endpoint();
      const traced: SendStep = (next) => (exchange) => {
        expect(exchange.headers).not.toContain('webhook-signature');
        exchange.headers.push('traceparent', '00-1-2-01');
        return next(exchange);
      };

      await rig.sender({ steps: [traced] }).send(outgoing(endpoint.url()));

      expect(endpoint.requests[0]?.headers['traceparent']).toBe('00-1-2-01');
    });
  });

  describe('a request that cannot be sent', () => {
    it.each([
      ['no URL', { url: 'nonsense' }],
      ['a scheme that is not HTTP', { url: 'ftp://127.0.0.1/' }],
      ['user information in the URL', { url: 'http://user:secret@127.0.0.1/' }],
      ['no signing secret', { signingSecrets: [] }],
      ['a signing secret without whsec_', { signingSecrets: ['c2VjcmV0'] }],
      ['a signing secret that is too short', { signingSecrets: ['whsec_c2VjcmV0'] }],
      ['a signing secret that is not base64', { signingSecrets: [`whsec_${'%'.repeat(40)}`] }],
      ['a line break in a header value', { headers: { 'x-a': 'secret\r\nx-b: 2' } }],
      ['a header name that is none', { headers: { 'x a': 'secret' } }],
      [
        'a line break in the bearer token',
        { auth: { type: 'bearer', token: 'secret\n' } as const },
      ],
      ['a line break in the content type', { contentType: 'a\r\nb: secret' }],
      ['a line break in the webhook id', { webhookId: 'a\r\nb: secret' }],
      ['a body that is too large', { body: Buffer.alloc(1_048_577) }],
    ])('because of %s is rejected, dials nothing, and tells no secret', async (_why, changes) => {
      const endpoint = await rig.endpoint();
      const sender = rig.sender();

      const result = await sender.send({ ...outgoing(endpoint.url()), ...changes });

      expect(result).toMatchObject({
        verdict: 'reject',
        errorClass: 'invalid_request',
        statusCode: null,
        remoteAddress: null,
      });
      expect(result.errorMessage).not.toContain('secret\r');
      expect(result.errorMessage).not.toContain('user:');
      expect(endpoint.requests).toHaveLength(0);
    });

    it('because http is not allowed is rejected without a connection', async () => {
      const endpoint = await rig.endpoint();

      const result = await rig.sender({ isHttpAllowed: false }).send(outgoing(endpoint.url()));

      expect(result).toMatchObject({ verdict: 'reject', errorClass: 'insecure_url' });
      expect(endpoint.connections).toBe(0);
    });

    it('because a step refuses or fails is a result all the same', async () => {
      const endpoint = await rig.endpoint();
      const refusing: SendStep = () => async () => {
        await Promise.resolve();
        throw new SendFailure('invalid_request', 'not today');
      };
      const failing: SendStep = () => () => {
        throw new TypeError('a defect');
      };

      const refused = await rig.sender({ steps: [refusing] }).send(outgoing(endpoint.url()));
      const failed = await rig.sender({ steps: [failing] }).send(outgoing(endpoint.url()));

      expect(refused).toMatchObject({ verdict: 'reject', errorMessage: 'not today' });
      expect(failed).toMatchObject({ verdict: 'retry', errorClass: 'unknown' });
    });
  });
});
