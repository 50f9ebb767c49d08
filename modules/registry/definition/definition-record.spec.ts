import fc from 'fast-check';
import { KeyRing } from '../secrets/key-ring.js';
import { SecretVault } from '../secrets/secret-vault.js';
import type { WebhookDefinitionRecord } from '../webhook.events.js';
import { definitionDigest, diffDefinitions, recordOf, secretStore } from './definition-record.js';
import { type DefinitionRules, parseDefinition } from './definition-rules.js';
import { hasCode } from './definition-needs.js';
import type { WebhookInput } from './webhook-input.js';

const RULES: DefinitionRules = {
  urlPolicy: { isHttpAllowed: false },
  reservedHeaders: [],
  isReservedStream: () => false,
  now: () => 0,
};
const VAULT = new SecretVault(
  KeyRing.parse(`k1:${Buffer.alloc(32, 1).toString('base64')}`),
  Buffer.alloc(32, 2),
);

function record(input: WebhookInput, owner: 'api' | 'code' = 'api'): WebhookDefinitionRecord {
  const draft = parseDefinition('orders', input, RULES);
  return recordOf(draft, secretStore(VAULT, 'orders', owner), (kind) =>
    VAULT.encrypt(`generated ${kind}`, { webhookId: 'orders', field: 'signingSecret' }),
  );
}

const name = fc.stringMatching(/^[a-z]{1,8}$/u);
const header = fc.record({ value: fc.stringMatching(/^[a-z]{0,6}$/u), isSecret: fc.boolean() });
const signingSecret = fc
  .uint8Array({ minLength: 24, maxLength: 24 })
  .map((bytes) => `whsec_${Buffer.from(bytes).toString('base64')}`);

/** Definitions from small sets of values, so that equal ones are drawn too. */
const definition: fc.Arbitrary<WebhookInput> = fc.record(
  {
    url: fc.constantFrom('https://a.example/', 'https://b.example/'),
    eventTypes: fc.uniqueArray(name, { minLength: 1, maxLength: 4 }),
    source: fc.oneof(
      fc.constant({ kind: 'all' as const }),
      name.map((stream) => ({ kind: 'stream' as const, stream })),
    ),
    tenantId: fc.option(name),
    ordering: fc.option(
      fc.record({
        by: fc.constant('source-stream' as const),
        onDeadLetter: fc.constantFrom('continue' as const, 'hold' as const),
      }),
    ),
    headers: fc.dictionary(
      name.map((one) => `x-${one}`),
      header,
      { maxKeys: 3 },
    ),
    auth: fc.oneof(
      fc.constant({ type: 'none' as const }),
      name.map((token) => ({ type: 'bearer' as const, token })),
    ),
    signing: fc.record(
      {
        keys: fc.constantFrom('symmetric' as const, 'both' as const),
        profiles: fc.constantFrom(
          ['standard' as const],
          ['standard' as const, 'github' as const],
          [{ kind: 'standard' as const, headers: { id: 'X-Delivery-Id' } }],
        ),
      },
      { requiredKeys: [] },
    ),
    signingSecrets: fc.uniqueArray(signingSecret, { maxLength: 2 }),
    timeoutMs: fc.constantFrom(1_000, 2_000),
    isReplayable: fc.boolean(),
    isActive: fc.boolean(),
    description: fc.option(name),
  },
  { requiredKeys: ['url', 'eventTypes'] },
);

/** The same definition, said in another order and with repeats. */
function saidDifferently(input: WebhookInput): WebhookInput {
  const headers = Object.entries(input.headers ?? {}).reverse();
  return {
    ...Object.fromEntries(Object.entries(input).reverse()),
    url: input.url,
    eventTypes: [...input.eventTypes, ...input.eventTypes].reverse(),
    headers: Object.fromEntries(headers.map(([key, value]) => [key.toUpperCase(), value])),
  };
}

describe('the digest of a definition', () => {
  it('is blind to order, repeats, case of header names, encryption and owner', () => {
    fc.assert(
      fc.property(definition, (input) => {
        const digest = definitionDigest(record(input));
        expect(definitionDigest(record(saidDifferently(input)))).toBe(digest);
        expect(definitionDigest(record(input, 'code'))).toBe(digest);
        expect(definitionDigest(JSON.parse(JSON.stringify(record(input))) as never)).toBe(digest);
      }),
    );
  });

  it('differs exactly where a field does', () => {
    fc.assert(
      fc.property(definition, definition, (one, other) => {
        const [before, after] = [record(one), record(other)];
        const changes = diffDefinitions(before, after).filter(
          ({ field }) => field !== 'signingSecrets',
        );
        expect(definitionDigest(before) === definitionDigest(after)).toBe(changes.length === 0);
      }),
    );
  });

  it('does not depend on where a new webhook starts, nor on a rotated secret', () => {
    const input = { url: 'https://a.example', eventTypes: ['a'] };
    const one = record(input);

    expect(definitionDigest(record({ ...input, startFrom: 'beginning' }))).toBe(
      definitionDigest(one),
    );
    expect(definitionDigest({ ...one, signingSecrets: [] })).toBe(definitionDigest(one));
  });

  it('of a definition from before there were policies of signing is what it was', () => {
    const secret = (fingerprint: string) => ({ kind: 'code', fingerprint }) as const;
    const before: WebhookDefinitionRecord = {
      url: 'https://example.com/hooks',
      eventTypes: ['order.*', 'order.placed'],
      source: { kind: 'category', category: 'order' },
      tenantId: 'acme',
      isGlobal: false,
      headers: { 'X-Plain': 'plain', 'X-Key': secret('f1') },
      auth: { type: 'bearer', token: secret('f2') },
      signingSecrets: [secret('f3')],
      namedSigningSecrets: ['f3'],
      retry: { kind: 'fixed', attempts: 3, delayMs: 1_000 },
      timeoutMs: 15_000,
      concurrency: 2,
      isReplayable: false,
      isActive: true,
      description: 'Orders',
    };

    expect(definitionDigest(before)).toBe(
      '78a3f322f2becb7da9a382c64cedd44f74ca1a973f004f43d28bc18bf26757c0',
    );
  });

  it('is the same whether the usual way of signing is said or not', () => {
    const input = { url: 'https://a.example', eventTypes: ['a'] };
    const said = record({ ...input, signing: { keys: 'symmetric', profiles: ['standard'] } });

    expect(said).not.toHaveProperty('signing');
    expect(definitionDigest(said)).toBe(definitionDigest(record(input)));
    expect(definitionDigest(record({ ...input, signing: { keys: 'both' } }))).not.toBe(
      definitionDigest(said),
    );
  });
});

describe('the difference of two definitions', () => {
  it('names each field with its values, and secrets by fingerprint only', () => {
    const before = record({
      url: 'https://a.example',
      eventTypes: ['a'],
      headers: { 'X-Key': 'old-secret', 'X-Gone': 'gone-secret' },
      auth: { type: 'bearer', token: 'old-token' },
    });
    const after = record({
      url: 'https://a.example',
      eventTypes: ['b', 'a'],
      headers: { 'x-key': 'new-secret' },
      auth: { type: 'bearer', token: 'new-token' },
      timeoutMs: 5_000,
    });

    const changes = diffDefinitions(before, after);

    const fingerprint = { fingerprint: expect.stringMatching(/^[0-9a-f]{32}$/u) as string };
    expect(changes).toEqual([
      {
        field: 'auth',
        before: { type: 'bearer', token: fingerprint },
        after: { type: 'bearer', token: fingerprint },
      },
      { field: 'eventTypes', before: ['a'], after: ['a', 'b'] },
      { field: 'headers.x-gone', before: fingerprint, after: null },
      { field: 'headers.x-key', before: fingerprint, after: fingerprint },
      { field: 'timeoutMs', before: 20_000, after: 5_000 },
    ]);
    expect(JSON.stringify([before, after, changes])).not.toMatch(/old-|new-|gone-/u);
  });
});

describe('a recorded definition', () => {
  it('encrypts what comes through the API and leaves in code what is declared there', () => {
    const input = {
      url: 'https://a.example',
      eventTypes: ['a'],
      headers: { 'X-Key': 'k', 'X-Plain': { value: 'p', isSecret: false } },
    };

    expect(record(input).headers).toMatchObject({ 'X-Key': { kind: 'encrypted' }, 'X-Plain': 'p' });
    expect(record(input, 'code').headers).toMatchObject({ 'X-Key': { kind: 'code' } });
    expect(record(input, 'code').signingSecrets).toMatchObject([{ kind: 'encrypted' }]);
    expect(hasCode(record(input))).toBe(false);
    expect(hasCode(record(input, 'code'))).toBe(true);
  });
});
