import { isPosthornError } from '../../kernel/index.js';
import { ClearSecret } from './clear-secret.js';
import { DefinitionBuilder } from './definition-builder.js';
import type { DefinitionRules } from './definition-rules.js';
import type { WebhookDraft } from './webhook-draft.js';

const NOW = Date.UTC(2026, 5, 1);

const RULES: DefinitionRules = {
  urlPolicy: { isHttpAllowed: false },
  reservedHeaders: ['X-Webhook-Signature'],
  isReservedStream: (stream) => stream.startsWith('$') || stream.startsWith('posthorn.'),
  now: () => NOW,
};

const SECRET = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;

function webhook(): DefinitionBuilder {
  return new DefinitionBuilder('https://example.com/hooks').withEventType('order.placed');
}

function built(builder: DefinitionBuilder, rules = RULES): WebhookDraft {
  return builder.build('orders', rules);
}

function problemsOf(builder: DefinitionBuilder, rules = RULES, id = 'orders'): string[] {
  try {
    builder.build(id, rules);
  } catch (error) {
    if (isPosthornError(error, 'PSH_REGISTRY_INVALID_DEFINITION')) {
      return error.problems.map(({ field }) => field);
    }
    throw error;
  }
  return [];
}

describe('DefinitionBuilder', () => {
  it('needs no more than a URL and an event type', () => {
    expect(built(webhook())).toEqual({
      url: 'https://example.com/hooks',
      eventTypes: ['order.placed'],
      source: { kind: 'all' },
      tenantId: null,
      isGlobal: false,
      headers: {},
      auth: { type: 'none' },
      tls: { clientCertificate: null, certificateAuthorities: [] },
      signing: {
        keys: 'symmetric',
        profiles: [
          {
            kind: 'standard',
            headers: {
              id: 'webhook-id',
              timestamp: 'webhook-timestamp',
              signature: 'webhook-signature',
            },
          },
        ],
      },
      signingSecrets: [],
      retry: { kind: 'standard' },
      timeoutMs: 20_000,
      concurrency: 10,
      rateLimit: null,
      ordering: null,
      isReplayable: true,
      isActive: true,
      description: null,
      startFrom: 'now',
      envelope: 'standard',
      filter: null,
      transform: null,
      sender: null,
    });
  });

  it('takes event types as names and as classes, each once, in any order', () => {
    class OrderPlaced {
      readonly total = 1;
    }
    class OrderShipped {
      static readonly eventType = 'order.shipped';
      readonly parcels = 1;
    }

    const draft = built(
      webhook()
        .withEventTypes(OrderShipped, OrderPlaced)
        .withEventType(OrderPlaced)
        .withEventType('order.shipped'),
    );

    expect(draft.eventTypes).toEqual(['OrderPlaced', 'order.placed', 'order.shipped']);
  });

  it('listens to everything only when that is said', () => {
    expect(problemsOf(new DefinitionBuilder('https://example.com'))).toEqual(['eventTypes']);
    expect(
      built(new DefinitionBuilder('https://example.com').withAnyEventType()).eventTypes,
    ).toEqual(['*']);
  });

  it('lets the last kind of authorisation win', () => {
    const token = built(webhook().withoutAuth().withBearerToken('one').withBearerToken('two')).auth;
    expect(token.type === 'bearer' && token.token.reveal()).toBe('two');
    expect(built(webhook().withBearerToken('one').withoutAuth()).auth).toEqual({ type: 'none' });
  });

  it('is for events without a tenant, unless it is for one tenant or explicitly for all', () => {
    expect(built(webhook().forTenant('acme'))).toMatchObject({ tenantId: 'acme', isGlobal: false });
    expect(built(webhook().forTenant('acme').forAllTenants())).toMatchObject({
      tenantId: null,
      isGlobal: true,
    });
    expect(built(webhook().forAllTenants().forTenant('acme'))).toMatchObject({
      tenantId: 'acme',
      isGlobal: false,
    });
  });

  it('keeps headers in clear, unless they are secret or their name says so', () => {
    const { headers } = built(
      webhook()
        .withHeader('X-Department', 'fulfilment')
        .withHeader('X-Api-Key', 'k1')
        .withSecretHeader('X-Plain', 'k2'),
    );

    expect(headers['X-Department']).toBe('fulfilment');
    expect(headers['X-Api-Key']).toBeInstanceOf(ClearSecret);
    expect(headers['X-Plain']).toBeInstanceOf(ClearSecret);
    expect(JSON.stringify(headers)).not.toMatch(/k1|k2/u);
  });

  it('says everything else in a step each', () => {
    const draft = built(
      webhook()
        .fromCategory('order')
        .withSigningSecret(SECRET)
        .withRetry({ kind: 'fixed', attempts: 3, delayMs: 1_000 })
        .withTimeout(15_000)
        .withConcurrency(2)
        .withRateLimit({ perMinute: 100, burst: 10 })
        .notReplayable()
        .notActive()
        .startFrom({ time: '2026-01-31T12:00:00+01:00' })
        .describedAs('Orders'),
    );

    expect(draft).toMatchObject({
      source: { kind: 'category', category: 'order' },
      retry: { kind: 'fixed', attempts: 3, delayMs: 1_000 },
      timeoutMs: 15_000,
      concurrency: 2,
      rateLimit: { perMinute: 100, burst: 10 },
      isReplayable: false,
      isActive: false,
      startFrom: { time: '2026-01-31T11:00:00.000Z' },
      description: 'Orders',
    });
    expect(draft.signingSecrets.map((secret) => secret.reveal())).toEqual([SECRET]);
  });

  it('reports every mistake at once', () => {
    const builder = new DefinitionBuilder('ftp://user:pass@example.com/#x')
      .withEventType('a*b')
      .withHeader('Content-Length', '3')
      .withHeader('X-Fine', 'split\r\nhere')
      .withTimeout(0)
      .withConcurrency(1.5)
      .withRetry({ kind: 'fixed', attempts: 101, delayMs: -1 })
      .withBearerToken('')
      .withSigningSecret('whsec_short')
      .fromStream('$all')
      .startFrom({ position: 'x' });

    expect(problemsOf(builder, RULES, 'no.dots').sort()).toEqual(
      [
        'auth.token',
        'concurrency',
        'eventTypes',
        'headers.Content-Length',
        'headers.X-Fine',
        'id',
        'retry.attempts',
        'retry.delayMs',
        'signingSecrets.0',
        'source',
        'startFrom',
        'timeoutMs',
        'url',
      ].sort(),
    );
  });

  it('never quotes a secret in a mistake', () => {
    const builder = webhook()
      .toUrl('https://user:hunter2@example.com')
      .withSecretHeader('X-Key', 'hunter2\n')
      .withBearerToken('hunter2 with space')
      .withSigningSecret('hunter2');

    expect(() => builder.build('orders', RULES)).toThrow(
      expect.objectContaining({
        message: expect.not.stringContaining('hunter2') as string,
        problems: expect.not.arrayContaining([
          expect.objectContaining({ message: expect.stringContaining('hunter2') as string }),
        ]) as unknown,
      }) as Error,
    );
  });

  it.each(['', '.', 'a/b', 'a b', 'x'.repeat(65), 'ä', 'a\n', '../etc'])(
    'refuses the id %j',
    (id) => {
      expect(problemsOf(webhook(), RULES, id)).toEqual(['id']);
    },
  );

  describe('event types', () => {
    const typed = (type: unknown) =>
      new DefinitionBuilder('https://example.com').withEventType(type as string);

    it.each(['*', 'order.*', 'order.item.*', 'Acme.Orders, Acme', 'änderung', 'a'.repeat(256)])(
      'takes %j',
      (type) => {
        expect(problemsOf(typed(type))).toEqual([]);
      },
    );

    it.each([
      ...['', ' order', 'order ', '**', '*.order', 'order*', 'or*der', '.*', 'a..*', 'order.*.x'],
      ...['$metadata', 'a\nb', 'a\u0000', '\ud800', 'a'.repeat(257), 5, null, undefined],
    ])('refuses %j', (type) => {
      expect(problemsOf(typed(type))).toEqual(['eventTypes']);
    });

    it('refuses a class without a name', () => {
      const nameless = (() =>
        class {
          readonly total = 1;
        })();
      expect(problemsOf(typed(nameless))).toEqual(['eventTypes']);
    });

    it('takes 200 of them and no more', () => {
      const types = Array.from({ length: 201 }, (_, index) => `type-${index}`);
      const build = (count: number) =>
        new DefinitionBuilder('https://example.com').withEventTypes(...types.slice(0, count));

      expect(problemsOf(build(200))).toEqual([]);
      expect(problemsOf(build(201))).toEqual(['eventTypes']);
    });

    it('takes only known ones where there is a catalog', () => {
      const rules = { ...RULES, knownEventTypes: ['order.placed', 'invoice.sent'] };

      for (const known of ['order.placed', 'order.*', '*']) {
        expect(problemsOf(typed(known), rules)).toEqual([]);
      }
      for (const unknown of ['order.lost', 'basket.*', 'order.placed.*']) {
        expect(problemsOf(typed(unknown), rules)).toEqual(['eventTypes']);
      }
    });
  });

  describe('headers', () => {
    it.each([
      ...['Host', 'content-length', 'Content-Type', 'Transfer-Encoding', 'Connection', 'TE'],
      ...['Keep-Alive', 'Upgrade', 'Proxy-Authorization', 'Trailer', 'webhook-id', 'Expect'],
      ...['Webhook-Signature', 'webhook-anything', 'posthorn-replay', 'x-webhook-signature'],
    ])('does not let a webhook set %s', (name) => {
      expect(problemsOf(webhook().withHeader(name, 'x'))).toEqual([`headers.${name}`]);
    });

    it.each(['', 'a b', 'a:b', 'ä', 'a\r\nb', '(x)', '"x"'])('refuses the name %j', (name) => {
      expect(problemsOf(webhook().withHeader(name, 'x'))).toEqual(['headers']);
    });

    it.each(['a\r\nSet-Cookie: x', 'a\nb', 'a\u0000b', 'a\u007fb', '→', ' a', 'a '])(
      'refuses the value %j',
      (value) => {
        expect(problemsOf(webhook().withHeader('X-A', value))).toEqual(['headers.X-A']);
      },
    );

    it('takes Authorization only where no other authorisation sends it', () => {
      const authorized = () => webhook().withHeader('Authorization', 'Custom abc');

      expect(built(authorized()).headers['Authorization']).toBeInstanceOf(ClearSecret);
      expect(problemsOf(authorized().withBearerToken('t'))).toEqual(['headers.Authorization']);
    });

    it('refuses one name in two spellings, too many and too much', () => {
      const twice = webhook().withHeader('X-A', '1').withHeader('x-a', '2');
      expect(problemsOf(twice)).toEqual(['headers.x-a']);

      const many = webhook();
      for (let index = 0; index <= 50; index++) many.withHeader(`X-${index}`, '');
      expect(problemsOf(many)).toEqual(['headers']);

      const large = webhook();
      for (let index = 0; index < 5; index++) large.withHeader(`X-${index}`, 'x'.repeat(4_096));
      expect(problemsOf(large)).toEqual(['headers']);
      expect(problemsOf(webhook().withHeader('X-A', 'x'.repeat(4_097)))).toEqual(['headers.X-A']);
    });

    it('keeps a header that is named like a property of objects', () => {
      const { headers } = built(webhook().withHeader('__proto__', 'x'));
      expect(Object.entries(headers)).toEqual([['__proto__', 'x']]);
    });
  });

  describe('retry', () => {
    it.each([
      { kind: 'standard' },
      { kind: 'fixed', attempts: 1, delayMs: 0 },
      { kind: 'list', delaysMs: [] },
      { kind: 'list', delaysMs: [1, 2, 3] },
      { kind: 'exponential', attempts: 100, initialMs: 1, factor: 1.5, maxMs: 604_800_000 },
    ] as const)('takes %j', (retry) => {
      expect(built(webhook().withRetry(retry)).retry).toEqual(retry);
    });

    it.each([
      [null, 'retry'],
      [{ kind: 'never' }, 'retry'],
      [{ kind: 'toString' }, 'retry'],
      [{ kind: 'standard', attempts: 3 }, 'retry'],
      [{ kind: 'fixed', attempts: 0, delayMs: 1 }, 'retry.attempts'],
      [{ kind: 'fixed', attempts: 2, delayMs: 604_800_001 }, 'retry.delayMs'],
      [{ kind: 'list', delaysMs: Array.from({ length: 100 }, () => 1) }, 'retry.delaysMs'],
      [{ kind: 'list', delaysMs: [1, NaN] }, 'retry.delaysMs.1'],
      [{ kind: 'exponential', attempts: 2, initialMs: 1, factor: 0.5, maxMs: 9 }, 'retry.factor'],
    ])('refuses %j', (retry, field) => {
      expect(problemsOf(webhook().withRetry(retry as never))).toEqual([field]);
    });
  });

  it.each([
    ['a stream of Posthorn', (one: DefinitionBuilder) => one.fromStream('posthorn.feed'), 'source'],
    ['a category with a dash', (one: DefinitionBuilder) => one.fromCategory('a-b'), 'source'],
    ['an empty tenant', (one: DefinitionBuilder) => one.forTenant(''), 'tenantId'],
    [
      'a time that has not come',
      (one: DefinitionBuilder) => one.startFrom({ time: '2026-06-01T00:00:00.001Z' }),
      'startFrom.time',
    ],
    [
      'a time without its offset',
      (one: DefinitionBuilder) => one.startFrom({ time: '2026-01-01T00:00:00' }),
      'startFrom.time',
    ],
    [
      'a position beyond the log',
      (one: DefinitionBuilder) => one.startFrom({ position: '9223372036854775808' }),
      'startFrom',
    ],
    [
      'a long description',
      (one: DefinitionBuilder) => one.describedAs('x'.repeat(1_001)),
      'description',
    ],
  ] as const)('refuses %s', (_, step, field) => {
    expect(problemsOf(step(webhook()))).toEqual([field]);
  });
});
