import { createServer, type IncomingMessage, request as httpRequest, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { SECRET } from '../../test/hostile/sending.js';
import { type RawBodyRequest, readRawBody } from './raw-body.js';
import {
  receiveRequest,
  type VerificationOf,
  type VerifiedRequest,
  webhookMiddleware,
  type WebhookReceiverOptions,
} from './webhook-middleware.js';
import { WebhookVerificationError } from './webhook-verification.error.js';

const PAYLOAD = '{"type":"account.opened","data":{"owner":"Zoë"}}';

function signed(payload: string, secret = SECRET): Record<string, string> {
  const now = new Date();
  return {
    'webhook-id': 'msg_1',
    'webhook-timestamp': String(Math.floor(now.getTime() / 1_000)),
    'webhook-signature': new Webhook(secret).sign('msg_1', now, payload),
  };
}

/** A request of a server that has read and kept, or not, what the test says. */
function parsedRequest(fields: Partial<RawBodyRequest>, chunks: readonly unknown[] = []) {
  return {
    headers: signed(PAYLOAD),
    async *[Symbol.asyncIterator]() {
      yield* await Promise.resolve(chunks);
    },
    ...fields,
  };
}

describe('webhookMiddleware', () => {
  const servers: Server[] = [];

  afterEach(async () => {
    for (const server of servers.splice(0)) {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    }
  });

  /** A server of Node's that has nothing but the middleware before its handler. */
  async function listen(
    verification: VerificationOf<IncomingMessage>,
    options?: WebhookReceiverOptions,
  ): Promise<string> {
    const middleware = webhookMiddleware(verification, options);
    const server = createServer((request: IncomingMessage & VerifiedRequest, response) => {
      middleware(request, response, (error) => {
        if (error instanceof WebhookVerificationError) {
          response.writeHead(error.status).end(error.code);
        } else {
          response.end(JSON.stringify(request.webhook));
        }
      });
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks`;
  }

  function post(url: string, headers: Record<string, string>, body = PAYLOAD) {
    return fetch(url, { method: 'POST', headers, body });
  }

  it('reads the raw body, verifies it, and hands on what was received', async () => {
    const url = await listen({ secret: SECRET });

    const response = await post(url, signed(PAYLOAD));

    expect(await response.json()).toMatchObject({ id: 'msg_1', payload: JSON.parse(PAYLOAD) });
  });

  it('verifies as the request says', async () => {
    const other = `whsec_${Buffer.alloc(32, 1).toString('base64')}`;
    const url = await listen((request) =>
      Promise.resolve({ secret: request.url === '/hooks?of=other' ? other : SECRET }),
    );

    expect((await post(url, signed(PAYLOAD))).status).toBe(200);
    expect((await post(`${url}?of=other`, signed(PAYLOAD, other))).status).toBe(200);
    expect((await post(`${url}?of=other`, signed(PAYLOAD))).status).toBe(401);
  });

  it.each([
    ['a forged body', signed(PAYLOAD), '{}', 401, 'signature_mismatch'],
    ['no signature', {}, PAYLOAD, 400, 'missing_header'],
    ['a body that is not JSON', signed('hello'), 'hello', 400, 'invalid_payload'],
  ])('refuses %s', async (_what, headers, body, status, code) => {
    const url = await listen({ secret: SECRET });

    const response = await post(url, headers, body);

    expect([response.status, await response.text()]).toEqual([status, code]);
  });

  it('refuses a body that is too large, whether its length is said or not, and answers', async () => {
    const url = await listen({ secret: SECRET }, { maxBodyBytes: 1_000 });

    const said = await post(url, signed(PAYLOAD), 'x'.repeat(1_001));
    expect([said.status, await said.text()]).toEqual([413, 'payload_too_large']);

    const status = await new Promise((resolve, reject) => {
      const request = httpRequest(url, { method: 'POST' }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      request.on('error', reject);
      request.write('x'.repeat(600));
      request.end('x'.repeat(600));
    });
    expect(status).toBe(413);
  });
});

describe('receiveRequest', () => {
  it.each([
    ['in rawBody, where the body is parsed', { rawBody: Buffer.from(PAYLOAD), body: {} }],
    ['in body, where it was left raw', { body: Buffer.from(PAYLOAD) }],
  ])('takes what a parser has kept %s', async (_where, fields) => {
    const request = parsedRequest({ ...fields, readableEnded: true });

    expect(await receiveRequest(request, { secret: SECRET })).toMatchObject({ id: 'msg_1' });
  });

  it('reads texts and bytes', async () => {
    const request = parsedRequest({}, [PAYLOAD.slice(0, 5), Buffer.from(PAYLOAD.slice(5))]);

    expect(Buffer.from(await readRawBody(request)).toString()).toBe(PAYLOAD);
  });

  it('says that the body was parsed too early, rather than that it is forged', async () => {
    const request = parsedRequest({ body: JSON.parse(PAYLOAD) as unknown, readableEnded: true });

    await expect(receiveRequest(request, { secret: SECRET })).rejects.toMatchObject({
      code: 'invalid_options',
      status: 500,
      message: expect.stringMatching(/parsed before/) as string,
    });
  });

  it('bounds what a parser has kept, too', async () => {
    const request = parsedRequest({ rawBody: Buffer.from(PAYLOAD) });

    await expect(readRawBody(request, 10)).rejects.toMatchObject({ code: 'payload_too_large' });
  });

  it('reads nothing but bytes and texts', async () => {
    await expect(readRawBody(parsedRequest({}, [{}]))).rejects.toThrow(TypeError);
  });
});
