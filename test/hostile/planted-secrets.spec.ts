import { randomBytes, randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:net';
import type { AddressInfo } from 'node:net';
import { Module } from '@nestjs/common';
import { EventBus } from '@nestjs/cqrs';
import {
  type DefinitionBuilder,
  Webhook,
  type WebhookDefinition,
  type WebhookInput,
  WebhooksService,
} from '../../src/index.js';
import { CapturingLogger, shown } from '../support/capturing-logger.js';
import { onEmbeddedStore } from '../support/installation.js';
import { PlantedSecrets } from '../support/planted-secrets.js';
import { RecordingReceiver } from '../support/recording-receiver.js';
import { eventually, RestServer } from '../support/rest-server.js';
import { testAuthority } from './certificates.js';
import { echoing } from './echoing.js';
import { answer, Endpoint } from './endpoint.js';
import { plantedIdentity } from './planted-identity.js';

const EVENT_TYPE = 'planted.event';
const PAYLOAD = 'payload';
const planted = new PlantedSecrets();

/** Visible ASCII that JSON, HTML and URLs escape, as tokens and passwords may be. */
const text = (): string => `a"\\/&<+=~${randomBytes(15).toString('base64url')}`;
const bearer = (name: string): string => planted.plant(name, text());
const whsec = (name: string): string =>
  planted.plant(name, `whsec_${randomBytes(32).toString('base64')}`);

const SETTINGS = {
  apiToken: planted.plant('api token', randomBytes(24).toString('base64url')),
  encryptionKey: [
    `new:${planted.plant('encryption key', randomBytes(32).toString('base64'))}`,
    `old:${planted.plant('encryption key of before', randomBytes(32).toString('base64'))}`,
  ].join(),
};

const { client: CLIENT, tls: TLS } = plantedIdentity(planted, bearer('passphrase'));
const RESOLVED = bearer('token of a resolver');

@Webhook({ id: 'declared' })
class DeclaredWebhook implements WebhookDefinition {
  static url = '';

  define(webhook: DefinitionBuilder): void {
    webhook
      .toUrl(DeclaredWebhook.url)
      .withEventType(EVENT_TYPE)
      .withBasicAuth('user', bearer('declared password'))
      .withSecretHeader('X-Partner', bearer('declared header'))
      .withSigningSecret(
        whsec('declared signing secret'),
        whsec('declared signing secret of before'),
      )
      .withRetry({ kind: 'fixed', attempts: 2, delayMs: 1 });
  }
}

/** Its resolver gives the token, and quotes it when it fails, as it does for test calls. */
@Webhook({ id: 'resolving' })
class ResolvingWebhook implements WebhookDefinition {
  static url = '';

  define(webhook: DefinitionBuilder): void {
    webhook
      .toUrl(ResolvingWebhook.url)
      .withEventType(EVENT_TYPE)
      .withClientCertificate(TLS.clientCertificate)
      .withCertificateAuthority(testAuthority())
      .withBearerToken(({ event }) => {
        if ('test' in (event.data as object))
          throw new Error(`no ${RESOLVED}, ${TLS.clientCertificate.passphrase}`);
        return RESOLVED;
      })
      .withRetry({ kind: 'fixed', attempts: 2, delayMs: 1 });
  }
}

@Webhook({ id: 'declared-thrower' })
class ThrowingWebhook implements WebhookDefinition {
  define(webhook: DefinitionBuilder): void {
    webhook
      .toUrl(DeclaredWebhook.url)
      .withEventType(EVENT_TYPE)
      .withTransform(
        (event) => {
          throw new Error(`cannot transform ${JSON.stringify(event)}`);
        },
        { version: '1' },
      );
  }
}

@Module({})
class DeclaringModule {}

const OTHERS = ['declared', 'defined', 'oauth', 'vaulted', 'mutual', 'resolving'];

onEmbeddedStore('planted secrets', () => {
  const logger = new CapturingLogger();
  const answers: { readonly where: string; readonly text: string }[] = [];
  const others: { readonly where: string; readonly text: string }[] = [];
  /** The signing secrets that receivers know, by path: they may answer with them too. */
  const told = new Map<string, readonly string[]>();
  let receiver: RecordingReceiver;
  let garbage: Server;
  let mutual: Endpoint;
  let server: RestServer;

  /** Calls the REST face, and keeps the answer; what it may show is planted and left out. */
  async function call(
    method: 'get' | 'post' | 'patch' | 'delete',
    path: string,
    body?: object | string,
    headers: Readonly<Record<string, string>> = {},
  ) {
    const answer = await server.anonymous[method](path.startsWith('/api') ? path : `/api/v1${path}`)
      .set({
        authorization: `Bearer ${SETTINGS.apiToken}`,
        'content-type': 'application/json',
        ...headers,
      })
      .send(body);
    const where = `${method} ${path}`;
    const { signingSecret, ...rest } = answer.body as { signingSecret?: string };
    if (typeof signingSecret === 'string') {
      planted.plant(`signing secret that ${where} showed`, signingSecret);
      const { id = 'ok' } = answer.body as { readonly id?: string };
      tell(`/${id}`, signingSecret);
    }
    const kept = signingSecret === undefined ? answer.text : JSON.stringify(rest);
    answers.push({ where, text: `${kept} ${JSON.stringify(answer.headers)}` });
    return {
      status: answer.status,
      text: answer.text,
      body: answer.body as Record<string, unknown>,
      isShown: signingSecret !== undefined,
    };
  }

  function tell(path: string, secret: string): void {
    told.set(path, [...(told.get(path) ?? []), secret]);
  }

  function definition(url: string, kind: string): WebhookInput {
    return {
      url,
      eventTypes: [EVENT_TYPE],
      auth:
        kind.length % 2
          ? { type: 'bearer', token: bearer(`bearer token of ${kind}`) }
          : { type: 'basic', username: 'user', password: bearer(`password of ${kind}`) },
      headers: {
        'X-Partner': bearer(`header of ${kind}`),
        'X-Api-Key': { value: bearer(`credential header of ${kind}`), isSecret: false },
      },
      signing: { keys: 'both' },
      retry: { kind: 'fixed', attempts: 2, delayMs: 1 },
    };
  }

  function endpoints(): Readonly<Record<string, string>> {
    const { port } = garbage.address() as AddressInfo;
    return {
      ok: receiver.url('/ok'),
      'echo-200': receiver.url('/echo-200'),
      'echo-302': receiver.url('/echo-302'),
      'echo-400': receiver.url('/echo-400'),
      'echo-500': receiver.url('/echo-500'),
      'echo-410': receiver.url('/echo-410'),
      garbage: `http://127.0.0.1:${port}/`,
      'no-name': 'https://nowhere.invalid/',
      'no-tls': receiver.url('/ok').replace('http:', 'https:'),
      forbidden: 'https://10.0.0.1/',
    };
  }

  async function deliverEverywhere(): Promise<void> {
    const event = {
      id: randomUUID(),
      type: EVENT_TYPE,
      data: { note: planted.plant(PAYLOAD, randomBytes(24).toString('base64url')) },
    };
    await call('post', '/events', { stream: 'planted-1', events: [event] });
    await eventually(async () => {
      const { body } = await call('get', `/deliveries?eventId=${event.id}&limit=100`);
      const items = body['items'] as { readonly status: string }[];
      const ended = items.filter(({ status }) => /succeeded|dead/u.test(status));
      return ended.length === Object.keys(endpoints()).length + 8;
    });
  }

  beforeAll(async () => {
    receiver = await RecordingReceiver.start();
    for (const status of [200, 302, 400, 500, 410]) {
      receiver.behave(`/echo-${status}`, echoing(status, told));
    }
    const accessToken = bearer('access token');
    receiver.behave('/token', (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(
        JSON.stringify({ access_token: accessToken, token_type: 'bearer', expires_in: 60 }),
      );
    });
    const inVault = bearer('secret in the vault');
    garbage = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', (request) => {
        const authorization = /authorization: (?<value>.*)\r\n/u.exec(request.toString());
        socket.end(`HTTP/1.1 ${authorization?.groups?.['value'] ?? ''}\r\n\r\n`);
      });
    });
    await new Promise<void>((resolve) => garbage.listen(0, '127.0.0.1', resolve));
    for (const path of ['/declared', '/defined', '/oauth', '/vaulted'])
      receiver.behave(path, echoing(500, told));
    mutual = await Endpoint.start(
      (socket, { headers }) => {
        const { authorization = '' } = headers;
        const echo = [`x-echo: ${authorization}`];
        socket.write(answer(500, JSON.stringify({ authorization, headers }), echo));
      },
      { tls: { ...CLIENT, requestCert: true, rejectUnauthorized: true, ca: testAuthority() } },
    );
    DeclaredWebhook.url = receiver.url('/declared');
    ResolvingWebhook.url = mutual.url();
    const declared = {
      module: DeclaringModule,
      providers: [DeclaredWebhook, ResolvingWebhook, ThrowingWebhook],
    };
    server = await RestServer.start(
      { ...SETTINGS, secretResolver: { resolve: () => inVault } },
      [declared],
      logger,
    );
    await server.ready();
    server.app.get(EventBus).subscribe((event) => {
      others.push({ where: 'the event bus', text: shown(event) });
    });
  });

  afterAll(async () => {
    await server.stop();
    await receiver.close();
    await mutual.close();
    await new Promise((resolve) => garbage.close(resolve));
  });

  it('go wherever a webhook is used: registered, delivered, failed, tested, rotated, changed', async () => {
    const webhooks = server.app.get(WebhooksService);
    for (const [kind, url] of Object.entries(endpoints())) {
      const created = await call('post', '/webhooks', { id: kind, ...definition(url, kind) });
      expect(created).toMatchObject({ status: 201, isShown: true });
    }
    others.push({
      where: 'the answer of define',
      text: shown(
        await webhooks.define('defined', definition(receiver.url('/defined'), 'defined')),
      ),
    });
    others.push({
      where: 'the answer of register',
      text: shown(
        await webhooks.register('built', receiver.url('/ok'), (webhook) =>
          webhook
            .withEventType(EVENT_TYPE)
            .withBearerToken(bearer('bearer token of built'))
            .withSigningSecret(whsec('signing secret of built')),
        ),
      ),
    });
    const client = { tokenUrl: receiver.url('/token'), clientId: 'shop' };
    const clientSecret = bearer('client secret');
    const kinds: Readonly<Record<string, WebhookInput['auth']>> = {
      oauth: { type: 'oauth2', ...client, clientSecret },
      vaulted: { type: 'bearer', token: { ref: 'vault:token' } },
    };
    for (const [id, auth] of Object.entries(kinds)) {
      await call('post', '/webhooks', { id, ...definition(receiver.url(`/${id}`), id), auth });
    }
    const { status } = await call('post', '/webhooks', {
      id: 'mutual',
      ...definition(mutual.url(), 'mutual'),
      tls: TLS,
    });
    expect(status).toBe(201);
    await deliverEverywhere();
    expect(mutual.requests.map(({ headers }) => headers['authorization'])).toContain(
      `Bearer ${RESOLVED}`,
    );
    expect(mutual.requests).toHaveLength(4);
    expect(receiver.at('/oauth').length).toBeGreaterThan(0);
    expect(receiver.at('/vaulted').length).toBeGreaterThan(0);

    const called = [
      'ok',
      'echo-400',
      'garbage',
      'no-name',
      'defined',
      'declared',
      'mutual',
      'resolving',
    ];
    for (const id of called) {
      expect((await call('post', `/webhooks/${id}/test`)).status).toBeLessThan(500);
    }
    const given = whsec('signing secret that was given');
    await call('post', '/webhooks/ok/rotate-secret', { signingSecret: given, kind: 'symmetric' });
    await call('post', '/webhooks/ok/rotate-secret', {});
    const keys = await call('get', '/webhooks/ok/signing-keys');
    const [, replaced] = keys.body['items'] as { readonly fingerprint: string }[];
    await call('post', '/webhooks/ok/revoke-secret', { fingerprint: replaced?.fingerprint });
    expect((await call('post', '/webhooks/ok/reveal-secret', {})).isShown).toBe(true);
    const auth = { type: 'bearer', token: bearer('bearer token that was changed') };
    const headers = { 'X-Partner': bearer('header that was changed') };
    expect((await call('patch', '/webhooks/echo-500', { auth, headers })).status).toBe(200);
    expect((await call('patch', '/webhooks/mutual', { tls: TLS })).status).toBe(200);
    await call('post', '/webhooks/echo-500/test');
    await webhooks.change('echo-200', {
      auth: { type: 'basic', username: 'u', password: bearer('new password') },
    });
    await call('delete', '/webhooks/no-tls');
    expect(planted.count).toBeGreaterThanOrEqual(50);
    expect(planted.foundIn('an answer', JSON.stringify({ key: CLIENT.key }))).toHaveLength(2);
  }, 60_000);

  it('are given in the wrong place', async () => {
    const webhooks = server.app.get(WebhooksService);
    const wrong = bearer('misplaced secret');
    const bad: readonly Record<string, unknown>[] = [
      { auth: { type: 'bearer', token: `with a space ${wrong}` } },
      { auth: { type: 'token', token: wrong } },
      { auth: { type: 'basic', username: 'a:b', password: wrong } },
      { auth: { type: 'basic', username: wrong, password: 7 } },
      { auth: wrong },
      { headers: { 'X-Key': `${wrong}\r\n` } },
      { headers: { Host: wrong } },
      { headers: wrong },
      { signingSecrets: [wrong] },
      { signingSecrets: [`whsec_${wrong}`] },
      { signingSecrets: wrong },
      { bearerToken: wrong },
      { url: `https://user:${encodeURIComponent(wrong)}@example.com/` },
      { retry: { kind: wrong } },
      { tls: { clientCertificate: { ...TLS.clientCertificate, passphrase: wrong } } },
      { tls: { clientCertificate: { ...TLS.clientCertificate, certificate: CLIENT.key } } },
      { tls: { clientCertificate: { ...TLS.clientCertificate, key: `${CLIENT.key}${wrong}x` } } },
      { tls: { clientCertificate: CLIENT.key } },
      { tls: { certificateAuthorities: [CLIENT.key] } },
    ];
    for (const fields of bad) {
      const input = { ...definition(receiver.url('/ok'), 'bad'), ...fields };
      expect((await call('post', '/webhooks', { id: 'bad', ...input })).status).toBe(400);
      await webhooks.define('bad', input).catch((error: unknown) => {
        others.push({ where: 'the error of define', text: shown(error) });
      });
    }
    await call(
      'post',
      '/webhooks',
      `{"id": "bad", "auth": {"token": ${JSON.stringify(wrong)} "x"}}`,
    );
    await call('post', '/webhooks/ok/rotate-secret', { signingSecret: wrong });
    await call('post', '/webhooks/ok/rotate-secret', { secret: wrong });
    await call('post', '/webhooks/ok/revoke-secret', { fingerprint: wrong });
    for (const authorization of [`Bearer ${wrong}`, `Basic ${wrong}`, wrong]) {
      expect((await call('get', '/webhooks', undefined, { authorization })).status).toBe(401);
    }
    await call('post', '/events', {
      stream: 'a-1',
      events: [{ id: 'x', type: 7, data: { wrong } }],
    });
  });

  it('are in nothing that was stored, answered, logged or thrown', async () => {
    const lists = [
      '/webhooks',
      '/dead-letters',
      '/replays',
      '/encryption-keys',
      '/health/ready',
      '/api/docs-json',
    ];
    const { body } = await call('get', '/deliveries?limit=100');
    const deliveries = body['items'] as { readonly id: string }[];
    for (const path of lists) await call('get', path);
    for (const id of [...Object.keys(endpoints()), ...OTHERS]) {
      for (const path of ['', '/signing-keys', '/health', '/undelivered']) {
        await call('get', `/webhooks/${id}${path}`);
      }
    }
    for (const { id } of deliveries) await call('get', `/deliveries/${id}`);

    const notPayload = (file: string): string[] =>
      file.startsWith('event-store') ? [PAYLOAD] : [];
    const found = [
      ...answers.flatMap((one) => planted.foundIn(one.where, one.text)),
      ...others.flatMap((one) => planted.foundIn(one.where, one.text)),
      ...logger.lines.flatMap((line) => planted.foundIn(`the log: ${line.slice(0, 80)}`, line)),
      ...planted.foundIn('the title of the process', process.title),
      ...(await planted.foundInFolder(server.dataDir, notPayload)),
    ];
    await server.app.close();
    found.push(...(await planted.foundInFolder(server.dataDir, notPayload)));

    expect([...new Set(found)]).toEqual([]);
    expect(logger.lines.length).toBeGreaterThan(10);
    expect(answers.length).toBeGreaterThan(100);
  }, 30_000);

  it('are in no error of a start with other keys', async () => {
    const other = planted.plant('other key', randomBytes(32).toString('base64'));
    const start = RestServer.start(
      { ...SETTINGS, dataDir: server.dataDir, encryptionKey: `other:${other}` },
      [],
      logger,
    );
    const error: unknown = await start.then(
      () => undefined,
      (reason: unknown) => reason,
    );

    expect(shown(error)).toContain('PSH_REGISTRY_UNKNOWN_KEY');
    expect(planted.foundIn('the error', shown(error))).toEqual([]);
    expect(logger.lines.flatMap((line) => planted.foundIn('the log', line))).toEqual([]);
  });
});
