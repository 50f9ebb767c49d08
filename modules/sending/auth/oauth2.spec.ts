import { answer, type Endpoint } from '../../../test/hostile/endpoint.js';
import { outgoing, SendingRig, until } from '../../../test/hostile/sending.js';
import { answerJson, tokens, TokenServer } from '../../../test/support/token-server.js';
import { ManualClock } from '../../kernel/index.js';
import type { AttemptResult, OAuth2Client, OutgoingRequest } from '../sender.js';
import type { UndiciSender } from '../undici-sender.js';
import { DEFAULT_LIFETIME_MS, FAILURE_REST_MS, REFUSAL_REST_MS } from './access-tokens.js';
import { TOKEN_TIMEOUT_MS } from './token-issuer.js';

const HOUR = 3_600_000;

describe('a webhook with OAuth 2 client credentials', () => {
  const rig = new SendingRig();
  let server: TokenServer;
  let endpoint: Endpoint;
  let clock: ManualClock;
  let sender: UndiciSender;
  let refused: Set<string>;
  let holder: object;

  beforeEach(async () => {
    server = await TokenServer.start();
    refused = new Set();
    endpoint = await rig.endpoint((socket, { headers }) => {
      socket.write(answer(refused.has(headers['authorization'] ?? '') ? 401 : 204));
    });
    clock = new ManualClock();
    sender = rig.sender({ clock });
    holder = {};
  });

  afterEach(async () => {
    await rig.close();
    await server.close();
  });

  const request = (
    client: Partial<OAuth2Client> = {},
    changes: Partial<OutgoingRequest> = {},
  ): OutgoingRequest => {
    const registered = { clientId: 'shop', clientSecret: 'client-secret' };
    const where = client.issuer === undefined ? { tokenUrl: server.tokenUrl } : {};
    const auth = {
      type: 'oauth2',
      client: { ...registered, ...where, ...client },
      holder,
    } as const;
    return outgoing(endpoint.url(), { auth, ...changes });
  };

  const send = (
    client: Partial<OAuth2Client> = {},
    changes: Partial<OutgoingRequest> = {},
  ): Promise<AttemptResult> => sender.send(request(client, changes));

  const arrived = (): (string | undefined)[] =>
    endpoint.requests.map(({ headers }) => headers['authorization']);

  describe('the request for a token', () => {
    it('names the client in the header, form-encoded, and what it asks for', async () => {
      const result = await send({
        clientId: 'a:b c',
        clientSecret: 'pä+ß',
        scope: 'hooks.write other',
        audience: 'https://api.example',
        resource: 'urn:hooks',
      });

      expect(result).toMatchObject({ verdict: 'success', statusCode: 204 });
      expect(arrived()).toEqual(['Bearer token-1']);
      expect(server.requests[0]?.form).toEqual({
        grant_type: 'client_credentials',
        scope: 'hooks.write other',
        audience: 'https://api.example',
        resource: 'urn:hooks',
      });
      const basic = server.requests[0]?.headers.authorization?.replace('Basic ', '') ?? '';
      expect(Buffer.from(basic, 'base64').toString()).toBe('a%3Ab+c:p%C3%A4%2B%C3%9F');
      expect(server.requests[0]?.headers['user-agent']).toContain('Posthorn');
    });

    it('names the client in the body where it is told to', async () => {
      await send({ clientAuthentication: 'post' });

      expect(server.requests[0]?.headers.authorization).toBeUndefined();
      expect(server.requests[0]?.form).toMatchObject({
        client_id: 'shop',
        client_secret: 'client-secret',
      });
    });

    it('goes where the metadata of the issuer say, OpenID Connect first, and asks for them once', async () => {
      const issuer = `${server.origin}/realm`;
      server.metadata.set('/realm/.well-known/openid-configuration', {
        issuer,
        token_endpoint: `${server.origin}/oidc/token`,
        token_endpoint_auth_methods_supported: ['client_secret_post'],
      });

      await send({ issuer });
      clock.advance(HOUR);
      await send({ issuer });

      expect(arrived()).toEqual(['Bearer token-1', 'Bearer token-2']);
      expect(server.requests[0]?.path).toBe('/oidc/token');
      expect(server.requests[0]?.form).toMatchObject({ client_secret: 'client-secret' });
      expect(server.lookUps).toHaveLength(2);
    });

    it('goes where RFC 8414 metadata say, where there is no other', async () => {
      const issuer = `${server.origin}/realm`;
      server.metadata.set('/.well-known/oauth-authorization-server/realm', {
        issuer,
        token_endpoint: `${server.origin}/rfc8414/token`,
      });

      await send({ issuer });

      expect(server.requests[0]?.path).toBe('/rfc8414/token');
    });

    it('does not follow the metadata of another issuer', async () => {
      server.metadata.set('/.well-known/openid-configuration', {
        issuer: 'https://elsewhere.example',
        token_endpoint: server.tokenUrl,
      });

      const result = await send({ issuer: server.origin });

      expect(result).toMatchObject({ verdict: 'retry', errorClass: 'token_error' });
      expect(server.requests).toHaveLength(0);
      expect(endpoint.requests).toHaveLength(0);
    });
  });

  describe('a token', () => {
    it('is asked for once, however many deliveries need it', async () => {
      const results = await Promise.all(Array.from({ length: 100 }, () => send()));

      expect(new Set(results.map(({ verdict }) => verdict))).toEqual(new Set(['success']));
      expect(server.requests).toHaveLength(1);
      expect(new Set(arrived())).toEqual(new Set(['Bearer token-1']));
    });

    it('is replaced before it expires, while it still serves', async () => {
      await send();
      clock.advance(HOUR - 59_000);
      await send();
      await until(() => server.requests.length === 2);
      await sender.send(outgoing(endpoint.url()));
      await send();

      expect(arrived()).toEqual(['Bearer token-1', 'Bearer token-1', undefined, 'Bearer token-2']);
      expect(server.requests).toHaveLength(2);
    });

    it('that still serves is sent while the token endpoint is in trouble, and not beyond its end', async () => {
      await send();
      server.behave((response) => {
        answerJson(response, 503, {});
      });
      clock.advance(HOUR - 30_000);
      const during = await send();
      await until(() => server.requests.length === 2);
      clock.advance(30_000);
      const after = await send();

      expect(during.verdict).toBe('success');
      expect(after).toMatchObject({ verdict: 'postpone', errorClass: 'token_error' });
      expect(arrived()).toEqual(['Bearer token-1', 'Bearer token-1']);
    });

    it('of which nobody says how long it is valid is replaced after some minutes', async () => {
      server.behave(tokens({}));

      await send();
      clock.advance(DEFAULT_LIFETIME_MS);
      await send();

      expect(arrived()).toEqual(['Bearer token-1', 'Bearer token-2']);
    });

    it('is forgotten with the definition that it was asked for, and with the secret', async () => {
      await send();
      holder = {};
      await send();
      await send({ clientSecret: 'another' });

      expect(arrived()).toEqual(['Bearer token-1', 'Bearer token-2', 'Bearer token-3']);
    });

    it('is masked where the endpoint answers with it', async () => {
      const echo = await rig.endpoint((socket, { headers }) => {
        socket.write(answer(400, headers['authorization']));
      });

      const result = await sender.send({ ...request(), url: echo.url() });

      expect(result.responseBody).toBe('Bearer [masked]');
    });
  });

  describe('an endpoint that answers 401', () => {
    it('is asked once more within the attempt, with a new token', async () => {
      await send();
      refused.add('Bearer token-1');

      const results = await Promise.all([send(), send(), send()]);

      expect(results.map(({ verdict }) => verdict)).toEqual(['success', 'success', 'success']);
      expect(server.requests).toHaveLength(2);
      expect(arrived().filter((one) => one === 'Bearer token-2')).toHaveLength(3);
    });

    it('is signed anew, and carries each header once', async () => {
      refused.add('Bearer token-1');

      await send({}, { headers: { 'X-Own': '1' } });

      const [first, second] = endpoint.requests;
      expect(second?.headers).toEqual({ ...first?.headers, authorization: 'Bearer token-2' });
    });

    it('is believed when it refuses the new token too', async () => {
      refused.add('Bearer token-1').add('Bearer token-2');

      const result = await send();

      expect(result).toMatchObject({
        verdict: 'reject',
        statusCode: 401,
        errorClass: 'http_status',
      });
      expect(server.requests).toHaveLength(2);
    });

    it('costs no token for every request, and the delivery nothing but an attempt', async () => {
      refused.add('Bearer token-1').add('Bearer token-2').add('Bearer token-3');
      await send();

      const soon = await send();
      clock.advance(REFUSAL_REST_MS);
      const later = await send();

      expect(soon).toMatchObject({ verdict: 'retry', statusCode: 401 });
      expect(later).toMatchObject({ verdict: 'reject', statusCode: 401 });
      expect(server.requests).toHaveLength(3);
    });

    it('is not repeated with the same token, which some servers give until it expires', async () => {
      server.behave(tokens({ access_token: 'same' }));
      refused.add('Bearer same');

      const result = await send();

      expect(result).toMatchObject({ verdict: 'retry', statusCode: 401 });
      expect(arrived()).toEqual(['Bearer same']);
    });
  });

  describe('a token endpoint', () => {
    it.each([500, 502, 429, 408])('that answers %d makes the delivery wait', async (status) => {
      server.behave((response) => {
        answerJson(response, status, {});
      });

      expect(await send()).toMatchObject({
        verdict: 'postpone',
        errorClass: 'token_error',
        errorMessage: `no access token: the token endpoint answered ${status}`,
        statusCode: null,
      });
      expect(endpoint.requests).toHaveLength(0);
    });

    it('that nobody answers at makes the delivery wait', async () => {
      const gone = await TokenServer.start();
      const { tokenUrl } = gone;
      await gone.close();

      const result = await send({ tokenUrl });

      expect(result).toMatchObject({ verdict: 'postpone', errorClass: 'token_error' });
      expect(result.errorMessage).toContain('connection_refused');
    });

    it('that refuses the client fails the attempt, with its code and nothing else of its words', async () => {
      server.behave((response) => {
        const error = { error: 'invalid_client', error_description: 'not client-secret' };
        answerJson(response, 401, error, { 'www-authenticate': 'Basic realm="client-secret"' });
      });

      expect(await send()).toMatchObject({
        verdict: 'retry',
        errorClass: 'token_error',
        errorMessage: 'no access token: the token endpoint answered 401 (invalid_client)',
        responseBody: null,
      });
    });

    it.each([
      ['the secret as its code', { error: 'client_secret_x' }, { clientSecret: 'client_secret_x' }],
      ['a text as its code', { error: 'Ask Mr. Smith' }, {}],
      ['no JSON', 'x', {}],
    ])('that refuses the client with %s is not quoted', async (_what, body, client) => {
      server.behave((response) => {
        answerJson(response, 400, body);
      });

      expect((await send(client)).errorMessage).toBe(
        'no access token: the token endpoint answered 400',
      );
    });

    it.each([
      ['no JSON', 'text/html', '<html>client-secret</html>'],
      ['broken JSON', 'application/json', '{"access_token": "client-secret'],
      ['no token', 'application/json', '{"token_type": "Bearer"}'],
      [
        'a token of another type',
        'application/json',
        '{"access_token":"client-secret","token_type":"mac"}',
      ],
      [
        'a token with a line break',
        'application/json',
        '{"access_token":"client-secret\\n","token_type":"bearer"}',
      ],
      ['a body without end', 'application/json', `"${'x'.repeat(100_000)}"`],
    ])('that answers %s fails the attempt', async (_what, type, body) => {
      server.behave((response) => {
        response.writeHead(200, { 'content-type': type }).end(body);
      });

      const result = await send();

      expect(result).toMatchObject({ verdict: 'retry', errorClass: 'token_error' });
      expect(result.errorMessage).not.toContain('client-secret');
      expect(endpoint.requests).toHaveLength(0);
    });

    it('that gives no answer holds a request as long as its deadline, and no longer than its own', async () => {
      server.behave(() => undefined);
      const hasty = send({}, { timeoutMs: 2_000 });
      const patient = send();
      await until(() => server.requests.length === 1);

      clock.advance(2_000);
      const first = await hasty;
      clock.advance(TOKEN_TIMEOUT_MS - 2_000);
      const second = await patient;

      for (const result of [first, second]) {
        expect(result).toMatchObject({ verdict: 'postpone', errorClass: 'token_error' });
      }
      expect(server.requests).toHaveLength(1);
    });

    it('that failed is left alone for some seconds, or as long as it asks', async () => {
      server.behave((response, count) => {
        if (count < 3) answerJson(response, 503, {}, count === 2 ? { 'retry-after': '30' } : {});
        else void tokens()(response, count, { path: '', headers: {}, form: {} });
      });
      const asked: number[] = [];
      for (const pause of [0, FAILURE_REST_MS - 1, 1, 29_999, 1]) {
        clock.advance(pause);
        await send();
        asked.push(server.requests.length);
      }

      expect(asked).toEqual([1, 1, 2, 2, 3]);
      expect(arrived()).toEqual(['Bearer token-3']);
    });

    it.each([
      ['a private address', {}, { tokenUrl: 'http://10.1.2.3/token' }, 'ssrf_blocked'],
      ['a metadata address', {}, { tokenUrl: 'http://169.254.169.254/token' }, 'ssrf_blocked'],
      ['a private issuer', {}, { issuer: 'http://10.1.2.3' }, 'ssrf_blocked'],
    ])('at %s is never dialled', async (_where, options, client, errorClass) => {
      const dialled: string[] = [];
      const watched = rig.sender({
        ...options,
        openSocket: (address) => {
          dialled.push(address);
          throw new Error('nobody dials');
        },
      });

      const result = await watched.send(request(client));

      expect(result).toMatchObject({ verdict: 'reject', errorClass: 'token_error' });
      expect(result.errorMessage).toContain(errorClass);
      expect(dialled).toEqual([]);
    });

    it('by http is refused where http is not allowed', async () => {
      const result = await rig
        .sender({ isHttpAllowed: false })
        .send({ ...request(), url: 'https://127.0.0.1/' });

      expect(result).toMatchObject({ verdict: 'reject', errorClass: 'token_error' });
      expect(server.requests).toHaveLength(0);
    });

    it('holds up nobody who is told to stop', async () => {
      server.behave(() => undefined);
      const abort = new AbortController();
      const sending = sender.send(request(), abort.signal);
      await until(() => server.requests.length === 1);

      abort.abort();

      expect(await sending).toMatchObject({ errorClass: 'aborted' });
      expect(await sender.send(request(), abort.signal)).toMatchObject({ errorClass: 'aborted' });
    });
  });
});
