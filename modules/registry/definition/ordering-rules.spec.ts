import { isPosthornError } from '../../kernel/index.js';
import { patched } from '../aggregate/definition-changes.js';
import { KeyRing } from '../secrets/key-ring.js';
import { SecretVault } from '../secrets/secret-vault.js';
import type { OrderingPolicy, WebhookDefinitionRecord } from '../webhook.events.js';
import { DefinitionBuilder } from './definition-builder.js';
import { definitionDigest, diffDefinitions, recordOf, secretStore } from './definition-record.js';
import { isKnownDefinition } from './definition-needs.js';
import { type DefinitionRules, parseDefinition, parsePatch } from './definition-rules.js';

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
const PLAIN = { url: 'https://example.com/hooks', eventTypes: ['order.placed'] };

const webhook = (): DefinitionBuilder =>
  new DefinitionBuilder(PLAIN.url).withEventType('order.placed');

function recorded(input: object): WebhookDefinitionRecord {
  const draft = parseDefinition('orders', { ...PLAIN, ...input }, RULES);
  return recordOf(draft, secretStore(VAULT, 'orders', 'code'), () =>
    VAULT.inCode('generated', { webhookId: 'orders', field: 'signingSecret' }),
  );
}

function problemsOf(ordering: unknown): readonly string[] {
  try {
    parseDefinition('orders', { ...PLAIN, ordering }, RULES);
  } catch (error) {
    if (isPosthornError(error, 'PSH_REGISTRY_INVALID_DEFINITION')) {
      return error.problems.map(({ field }) => field);
    }
    throw error;
  }
  return [];
}

describe('the order of a webhook', () => {
  it('is none, unless it is said', () => {
    expect(webhook().build('orders', RULES).ordering).toBeNull();
    expect(webhook().withOrdering('source-stream').build('orders', RULES).ordering).toEqual({
      by: 'source-stream',
      onDeadLetter: 'continue',
    });
    expect(
      webhook().withOrdering('source-stream', { onDeadLetter: 'hold' }).build('orders', RULES)
        .ordering,
    ).toEqual({ by: 'source-stream', onDeadLetter: 'hold' });
    expect(
      webhook().withOrdering('source-stream').withoutOrdering().build('orders', RULES).ordering,
    ).toBeNull();
  });

  it.each([
    ['source-stream', ['ordering']],
    [{}, ['ordering']],
    [{ by: 'event-type' }, ['ordering']],
    [{ by: 'source-stream', onDeadLetter: 'skip' }, ['ordering.onDeadLetter']],
    [
      { by: 'source-stream', onDeadLetter: null, key: 'id' },
      ['ordering.key', 'ordering.onDeadLetter'],
    ],
  ])('refuses %j', (ordering, fields) => {
    expect(problemsOf(ordering)).toEqual(fields);
  });

  it('is recorded only where there is one: other definitions stay equal to themselves', () => {
    const plain = recorded({});
    expect(Object.keys(plain)).not.toContain('ordering');
    expect(definitionDigest(recorded({ ordering: null }))).toBe(definitionDigest(plain));
    const ordered = recorded({ ordering: { by: 'source-stream' } });
    expect(definitionDigest(ordered)).not.toBe(definitionDigest(plain));
    expect(diffDefinitions(plain, ordered)).toEqual([
      { field: 'ordering', before: null, after: { by: 'source-stream', onDeadLetter: 'continue' } },
    ]);
  });

  it('of a later version is left to instances that know it', () => {
    const ordered = recorded({ ordering: { by: 'source-stream', onDeadLetter: 'hold' } });
    expect(isKnownDefinition(ordered)).toBe(true);
    for (const later of [{ by: 'key', onDeadLetter: 'hold' }, { by: 'source-stream' }]) {
      expect(isKnownDefinition({ ...ordered, ordering: later as OrderingPolicy })).toBe(false);
    }
  });

  it('stays as it is when a change says nothing of it, and goes with null', () => {
    const ordered = recorded({ ordering: { by: 'source-stream', onDeadLetter: 'hold' } });
    expect(patched(ordered, { timeoutMs: 5 }).ordering).toEqual(ordered.ordering);
    const { ordering } = parsePatch('orders', { ordering: null }, RULES);
    const unordered = patched(ordered, { ...(ordering !== undefined && { ordering }) });
    expect(unordered).toEqual(recorded({}));
  });
});
