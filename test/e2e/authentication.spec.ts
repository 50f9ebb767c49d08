import { jest } from '@jest/globals';
import type { Provider } from '@nestjs/common';
import { type DefinitionBuilder, Webhook, type WebhookDefinition } from '../../src/index.js';
import { certificate, testAuthority } from '../hostile/certificates.js';
import { Endpoint } from '../hostile/endpoint.js';
import { DeliveryWorld } from '../support/delivery-world.js';
import { answerJson, TokenServer } from '../support/token-server.js';
import type { ReceivedRequest } from '../support/recording-receiver.js';

/** Each test starts whole applications, on a machine that may be busy. */
jest.setTimeout(60_000);

interface AuthKind {
  readonly name: string;
  readonly define: (webhook: DefinitionBuilder, tokenUrl: string) => unknown;
  /** What shows that the decrypted credential arrived. */
  readonly arrived: string;
  /** Whether it can be declared only. */
  readonly isCode?: boolean;
  /** What may stand nowhere in the log. */
  readonly secrets: readonly string[];
}

const BASIC = Buffer.from('jürgen:pässword-€').toString('base64');

const KINDS: readonly AuthKind[] = [
  {
    name: 'none',
    define: (webhook) => webhook.withoutAuth(),
    arrived: 'undefined',
    secrets: [],
  },
  {
    name: 'bearer',
    define: (webhook) => webhook.withBearerToken('bearer-secret'),
    arrived: 'Bearer bearer-secret',
    secrets: ['bearer-secret'],
  },
  {
    name: 'basic',
    define: (webhook) => webhook.withBasicAuth('jürgen', 'pässword-€'),
    arrived: `Basic ${BASIC}`,
    secrets: ['pässword-€', BASIC],
  },
  {
    name: 'oauth2',
    define: (webhook, tokenUrl) =>
      webhook.withOAuth2({ tokenUrl, clientId: 'shop', clientSecret: 'client-secret' }),
    arrived: `Bearer token-of-${Buffer.from('shop:client-secret').toString('base64')}`,
    secrets: ['client-secret', Buffer.from('shop:client-secret').toString('base64')],
  },
  {
    name: 'resolver',
    define: (webhook) =>
      webhook.withBearerToken(({ event, tenantId, webhookId }) =>
        Promise.resolve(`resolved-for-${webhookId}-${event.type}-${String(tenantId)}`),
      ),
    arrived: 'Bearer resolved-for-declared-resolver-order.placed-null',
    isCode: true,
    secrets: ['resolved-for-'],
  },
];

describe('webhooks with every kind of authorisation', () => {
  let world: DeliveryWorld;
  let server: TokenServer;

  beforeEach(async () => {
    world = await DeliveryWorld.create();
    server = await TokenServer.start();
  });

  afterEach(async () => {
    await world.end();
    await server.close();
  });

  const authorizationAt = (path: string): string[] =>
    world.receiver.at(path).map(({ headers }: ReceivedRequest) => String(headers.authorization));

  async function logText(): Promise<string> {
    const texts: string[] = [];
    for await (const { event } of world.store.client.readAll())
      texts.push(JSON.stringify(event?.data));
    return texts.join('\n');
  }

  it('are sent with their decrypted credentials after a restart, registered and declared', async () => {
    server.behave((response, _count, { headers }) => {
      const client = headers.authorization?.replace('Basic ', '') ?? '';
      answerJson(response, 200, { access_token: `token-of-${client}`, token_type: 'Bearer' });
    });
    const kinds = KINDS.map((kind) => ({
      ...kind,
      define: (webhook: DefinitionBuilder) => kind.define(webhook, server.tokenUrl),
    }));
    const declared = kinds.map(({ name, define }) => declaredAt(world, `declared-${name}`, define));
    const first = await world.start({}, undefined, declared);
    const registered = kinds.filter(({ isCode }) => !isCode);
    for (const { name, define } of registered) await world.register(first, `api-${name}`, define);
    await first.app.close();

    const count = registered.length + declared.length;
    await world.start({}, undefined, declared);
    await world.append();
    await world.receiver.until(() => world.receiver.requests.length === count);

    for (const { name, arrived } of KINDS) {
      expect([name, ...authorizationAt(`/declared-${name}`)]).toEqual([name, arrived]);
    }
    for (const { name, arrived } of registered) {
      expect([name, ...authorizationAt(`/api-${name}`)]).toEqual([name, arrived]);
    }
    await world.untilRecorded(count, 'DeliverySucceeded');
    const log = await logText();
    const told = KINDS.flatMap(({ secrets }) => secrets).filter((secret) => log.includes(secret));
    expect(told).toEqual([]);
  });

  it('present their client certificate after a restart, registered and declared', async () => {
    const client = certificate('endpoint');
    const identity = { certificate: client.cert, key: client.key };
    const tls = { ...client, requestCert: true, rejectUnauthorized: true, ca: testAuthority() };
    const endpoint = await Endpoint.start(undefined, { tls });
    const define = (webhook: DefinitionBuilder): DefinitionBuilder =>
      webhook
        .withEventType('order.*')
        .withClientCertificate(identity)
        .withCertificateAuthority(testAuthority());
    const declared = declaredAt(world, 'declared', (webhook) =>
      define(webhook.toUrl(endpoint.url())),
    );
    const first = await world.start({}, undefined, [declared]);
    await first.webhooks.register('api', endpoint.url(), define);
    // A change of one part leaves the key as it is.
    await first.webhooks.change('api', {
      tls: { certificateAuthorities: [testAuthority(), client.cert] },
    });
    await first.app.close();

    await world.start({}, undefined, [declared]);
    await world.append();
    await world.untilRecorded(2, 'DeliverySucceeded');

    expect(endpoint.requests).toHaveLength(2);
    expect(await logText()).not.toContain('PRIVATE KEY');
    await endpoint.close();
  });

  it('are tried again by the schedule when the token endpoint refuses the client', async () => {
    server.behave((response, count) => {
      if (count === 1) answerJson(response, 401, { error: 'invalid_client' });
      else answerJson(response, 200, { access_token: 'token', token_type: 'Bearer' });
    });
    const life = await world.start();
    await world.register(life, 'a', (webhook) =>
      webhook
        .withOAuth2({ tokenUrl: server.tokenUrl, clientId: 'shop', clientSecret: 'secret' })
        .withRetry({ kind: 'fixed', attempts: 100, delayMs: 500 }),
    );
    await world.append();

    const [events] = await world.untilRecorded(1, 'DeliverySucceeded');

    const first = events?.find(({ type }) => type === 'DeliveryAttempted');
    expect(first?.data).toMatchObject({
      attempt: {
        errorClass: 'token_error',
        errorMessage: 'no access token: the token endpoint answered 401 (invalid_client)',
        statusCode: null,
      },
    });
    expect(world.receiver.requests).toHaveLength(1);
    expect(JSON.stringify(events?.map(({ data }) => data))).not.toContain('secret');
  });

  it('wait without an attempt while their resolver has no token, and others go on', async () => {
    const asked: string[] = [];
    const declared = declaredAt(world, 'a', (webhook) =>
      webhook.forAllTenants().withBearerToken(({ event }) => {
        asked.push(event.id);
        return asked.filter((id) => id === event.id).length > 1 ? 'late' : early.get(event.id);
      }),
    );
    const early = new Map<string, string>();
    await world.start({}, undefined, [declared]);
    await world.append();
    await world.untilRecorded(1, 'DeliveryPostponed');
    early.set(await world.append(), 'early');

    const all = await world.untilRecorded(2, 'DeliverySucceeded');

    expect(authorizationAt('/a')).toEqual(['Bearer early', 'Bearer late']);
    const attempts = all.map((events) =>
      events.filter(({ type }) => type === 'DeliveryAttempted').map(({ data }) => data),
    );
    expect(attempts.map(({ length }) => length)).toEqual([1, 1]);
  });
});

function declaredAt(
  world: DeliveryWorld,
  id: string,
  define: (webhook: DefinitionBuilder) => unknown,
): Provider {
  @Webhook({ id, url: world.receiver.url(`/${id}`) })
  class Declared implements WebhookDefinition {
    define(webhook: DefinitionBuilder): void {
      define(webhook.withEventType('order.*'));
    }
  }
  return Declared;
}
