import { jest } from '@jest/globals';
import type { Provider } from '@nestjs/common';
import { type DefinitionBuilder, Webhook, type WebhookDefinition } from '../../src/index.js';
import { DeliveryWorld } from '../support/delivery-world.js';
import type { ReceivedRequest } from '../support/recording-receiver.js';

/** Each test starts whole applications, on a machine that may be busy. */
jest.setTimeout(60_000);

interface AuthKind {
  readonly name: string;
  readonly define: (webhook: DefinitionBuilder) => unknown;
  /** What shows that the decrypted credential arrived. */
  readonly arrived: string;
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
];

describe('webhooks with every kind of authorisation', () => {
  let world: DeliveryWorld;

  beforeEach(async () => {
    world = await DeliveryWorld.create();
  });

  afterEach(async () => {
    await world.end();
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
    const declared = KINDS.map(({ name, define }) => declaredAt(world, `declared-${name}`, define));
    const first = await world.start({}, undefined, declared);
    for (const { name, define } of KINDS) await world.register(first, `api-${name}`, define);
    await first.app.close();

    await world.start({}, undefined, declared);
    await world.append();
    await world.receiver.until(() => world.receiver.requests.length === 2 * KINDS.length);

    for (const { name, arrived } of KINDS) {
      expect([name, ...authorizationAt(`/api-${name}`)]).toEqual([name, arrived]);
      expect([name, ...authorizationAt(`/declared-${name}`)]).toEqual([name, arrived]);
    }
    await world.untilRecorded(2 * KINDS.length, 'DeliverySucceeded');
    const log = await logText();
    const told = KINDS.flatMap(({ secrets }) => secrets).filter((secret) => log.includes(secret));
    expect(told).toEqual([]);
  });
});

function declaredAt(world: DeliveryWorld, id: string, define: AuthKind['define']): Provider {
  @Webhook({ id, url: world.receiver.url(`/${id}`) })
  class Declared implements WebhookDefinition {
    define(webhook: DefinitionBuilder): void {
      define(webhook.withEventType('order.*'));
    }
  }
  return Declared;
}
