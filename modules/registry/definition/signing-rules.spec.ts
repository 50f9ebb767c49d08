import { isPosthornError } from '../../kernel/index.js';
import { generateSigningSecret } from '../secrets/signing-secret.js';
import { DefinitionBuilder } from './definition-builder.js';
import { type DefinitionRules, parseDefinition, parsePatch } from './definition-rules.js';
import type { SigningInput } from './webhook-input.js';

const RULES: DefinitionRules = {
  urlPolicy: { isHttpAllowed: false },
  reservedHeaders: [],
  isReservedStream: () => false,
  now: () => 0,
};
const SHARED = generateSigningSecret();
const PRIVATE = generateSigningSecret('asymmetric');
const FOREIGN = 'the secret of another system';

function webhook(): DefinitionBuilder {
  return new DefinitionBuilder('https://example.com/hooks').withEventType('order.placed');
}

function signing(builder: DefinitionBuilder) {
  return builder.build('orders', RULES).signing;
}

function problemsOf(work: () => unknown): readonly string[] {
  try {
    work();
    return [];
  } catch (error) {
    if (!isPosthornError(error, 'PSH_REGISTRY_INVALID_DEFINITION')) throw error;
    expect(JSON.stringify(error.problems)).not.toContain(FOREIGN);
    return error.problems.map(({ field }) => field);
  }
}

function refused(input: unknown): readonly string[] {
  const definition = { url: 'https://example.com', eventTypes: ['a'], signing: input };
  return problemsOf(() => parseDefinition('orders', definition, RULES));
}

describe('how a webhook signs', () => {
  it('is with the kinds of keys that it names', () => {
    expect(signing(webhook().withSigningSecret(SHARED)).keys).toBe('symmetric');
    expect(signing(webhook().withSigningSecret(PRIVATE)).keys).toBe('asymmetric');
    expect(signing(webhook().withSigningSecret(PRIVATE, SHARED)).keys).toBe('both');
    expect(signing(webhook().withSigning({ keys: 'both' })).keys).toBe('both');
  });

  it('is said step by step', () => {
    const { keys, profiles } = signing(
      webhook()
        .withSigning({ keys: 'both' })
        .withSigning({ profiles: ['standard', 'github'] }),
    );

    expect(keys).toBe('both');
    expect(profiles.map(({ kind }) => kind)).toEqual(['standard', 'github']);
  });

  it('is in styles with header names of their own, in lower case, in one order', () => {
    const { profiles } = signing(
      webhook().withSigning({
        profiles: [
          { kind: 'stripe', headers: { signature: 'Acme-Signature', id: 'Acme-Id' } },
          { kind: 'github', headers: { signature: 'X-Hub-Signature-256' } },
          { kind: 'standard', headers: { id: 'Svix-Id' } },
        ],
      }),
    );

    expect(profiles).toEqual([
      {
        kind: 'standard',
        headers: {
          id: 'svix-id',
          timestamp: 'webhook-timestamp',
          signature: 'webhook-signature',
        },
      },
      {
        kind: 'github',
        headers: {
          event: 'x-webhook-event',
          id: 'x-webhook-delivery',
          timestamp: 'x-webhook-timestamp',
          signature: 'x-hub-signature-256',
        },
      },
      { kind: 'stripe', headers: { id: 'acme-id', signature: 'acme-signature' } },
    ]);
  });

  it('may be with a secret of another system, in a style of another system', () => {
    const foreign = () => webhook().withSigningSecret(FOREIGN);

    expect(problemsOf(() => signing(foreign()))).toEqual(['signingSecrets.0']);
    for (const profiles of [['github'], ['standard', 'stripe']] as const) {
      expect(problemsOf(() => signing(foreign().withSigning({ profiles })))).toEqual([]);
    }
  });

  it.each([
    ['nothing', null, ['signing']],
    ['a text', 'standard', ['signing']],
    ['another field', { kind: 'standard' }, ['signing']],
    ['keys that do not exist', { keys: 'none' }, ['signing.keys']],
    ['no profile', { profiles: [] }, ['signing.profiles']],
    ['a profile that does not exist', { profiles: ['none'] }, ['signing.profiles.0']],
    ['a profile twice', { profiles: ['github', 'github'] }, ['signing.profiles']],
    [
      'two parts in one header',
      { profiles: ['github', { kind: 'stripe', headers: { id: 'X-Id' } }] },
      ['signing.profiles'],
    ],
    [
      'a part that the profile does not have',
      { profiles: [{ kind: 'stripe', headers: { timestamp: 'X-Time' } }] },
      ['signing.profiles.0.headers'],
    ],
    [
      'names that are no object',
      { profiles: [{ kind: 'stripe', headers: 'X-Time' }] },
      ['signing.profiles.0.headers'],
    ],
    [
      'a header of the connection',
      { profiles: [{ kind: 'stripe', headers: { id: 'Content-Length' } }] },
      ['signing.profiles.0.headers.id'],
    ],
    [
      'the header of the authorisation, and a name that is none',
      { profiles: [{ kind: 'stripe', headers: { id: 'Authorization', signature: 'a\r\nb' } }] },
      ['signing.profiles.0.headers.id', 'signing.profiles.0.headers.signature'],
    ],
    [
      'the mark of a replay',
      { profiles: [{ kind: 'standard', headers: { id: 'webhook-replay' } }] },
      ['signing.profiles.0.headers.id'],
    ],
    [
      'key pairs that no profile can use',
      { keys: 'both', profiles: ['github'] },
      ['signing.profiles'],
    ],
    [
      'a profile that needs a secret, without any',
      { keys: 'asymmetric', profiles: ['standard', 'github'] },
      ['signing.keys'],
    ],
  ])('is not by %s', (_what, input, fields) => {
    expect(refused(input)).toEqual(fields);
  });

  it('is not with a kind of key that is not in use', () => {
    const keys = (kind: SigningInput['keys']) => ({ ...(kind && { keys: kind }) });

    expect(
      problemsOf(() =>
        signing(webhook().withSigningSecret(PRIVATE).withSigning(keys('symmetric'))),
      ),
    ).toEqual(['signingSecrets.0']);
    expect(
      problemsOf(() =>
        signing(webhook().withSigningSecret(PRIVATE, SHARED).withSigning(keys('asymmetric'))),
      ),
    ).toEqual(['signingSecrets.1']);
    expect(
      problemsOf(() => signing(webhook().withSigningSecret(PRIVATE).withSigning(keys('both')))),
    ).toEqual([]);
  });

  it('keeps static headers out of the headers of the signature', () => {
    const profiles = [{ kind: 'stripe', headers: { signature: 'Acme-Signature' } }] as const;
    const define = (name: string) => () =>
      signing(webhook().withSigning({ profiles }).withHeader(name, 'mine'));

    expect(problemsOf(define('ACME-Signature'))).toEqual(['headers.ACME-Signature']);
    expect(problemsOf(define('X-Webhook-Delivery'))).toEqual(['headers.X-Webhook-Delivery']);
    expect(problemsOf(define('X-Webhook-Signature'))).toEqual([]);
  });

  it('is changed in part', () => {
    expect(parsePatch('orders', { signing: { keys: 'both' } }, RULES)).toEqual({
      signing: { keys: 'both' },
    });
    expect(problemsOf(() => parsePatch('orders', { signing: { keys: 1 } }, RULES))).toEqual([
      'signing.keys',
    ]);
  });
});
