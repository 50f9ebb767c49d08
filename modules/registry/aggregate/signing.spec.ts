import {
  after,
  at,
  changeKeys,
  codeOf,
  definition,
  eventsOf,
  given,
  inCode,
  pair,
  register,
  revoke,
  rotate,
  secretsOf,
  shared,
} from '../../../test/support/signing-decisions.js';
import { DEFAULT_SIGNING } from '../definition/signing-policy.js';

const SYMMETRIC = register(definition('symmetric', [shared('one')]));
const BOTH = register(definition('both', [shared('one'), pair('p-one')]));

describe('rotating the keys of a webhook', () => {
  it('lets those before sign until the overlap ends, the newest first', () => {
    expect(given(SYMMETRIC, rotate([shared('two')], 0, 1))).toEqual([
      shared('two'),
      shared('one', 1),
    ]);
  });

  it('again, never prolongs an overlap, and drops what is over', () => {
    const first = rotate([shared('two')], 0, 2);

    expect(given(SYMMETRIC, first, rotate([shared('three')], 1, 2))).toEqual([
      shared('three'),
      shared('two', 3),
      shared('one', 2),
    ]);
    expect(given(SYMMETRIC, first, rotate([shared('three')], 2, 2))).toEqual([
      shared('three'),
      shared('two', 4),
    ]);
  });

  it('without an overlap ends everything of before at once', () => {
    expect(given(SYMMETRIC, rotate([shared('two')], 0), rotate([shared('three')], 1, 0))).toEqual([
      shared('three'),
    ]);
  });

  it('of both kinds replaces both, and of one kind leaves the other alone', () => {
    const candidates = [shared('two'), pair('p-two')];

    expect(given(BOTH, rotate(candidates, 0))).toEqual([
      ...candidates,
      shared('one', 24),
      pair('p-one', 24),
    ]);
    expect(given(BOTH, rotate([pair('p-two')], 0, 24, 'asymmetric'))).toEqual([
      pair('p-two'),
      shared('one'),
      pair('p-one', 24),
    ]);
  });

  it('replaces no kind that is not in use', () => {
    expect(given(SYMMETRIC, rotate([shared('two'), pair('p-two')], 0))).toEqual([
      shared('two'),
      shared('one', 24),
    ]);
    expect(codeOf(after(SYMMETRIC), rotate([pair('p')], 0, 24, 'asymmetric'))).toBe(
      'PSH_REGISTRY_INVALID_DEFINITION',
    );
  });

  it('is refused rather than breaking an overlap that was promised', () => {
    const nine = Array.from({ length: 9 }, (_, index) => rotate([shared(`s${index}`)], 0));
    const full = after(SYMMETRIC, ...nine);

    expect(secretsOf(full)).toHaveLength(10);
    expect(codeOf(full, rotate([shared('next')], 1))).toBe('PSH_REGISTRY_TOO_MANY_SECRETS');
    expect(codeOf(full, rotate([shared('next')], 1, 0))).toBe('decided');
    expect(codeOf(full, rotate([shared('next')], 24))).toBe('decided');
  });

  it('is not for keys that live in code, and for the others beside them', () => {
    const inBoth = register(definition('both', [inCode('a'), pair('p')], ['a']), 0, 'code');

    expect(codeOf(after(inBoth), rotate([shared('b')], 1, 24, 'symmetric'))).toBe(
      'PSH_REGISTRY_OWNED_BY_CODE',
    );
    expect(given(inBoth, rotate([pair('q')], 1, 24, 'asymmetric'))).toEqual([
      pair('q'),
      inCode('a'),
      pair('p', 25),
    ]);
  });
});

describe('revoking a secret', () => {
  const overlapping = [SYMMETRIC, rotate([shared('two')], 0)];

  it('ends it at once, and records which it was', () => {
    const [event] = eventsOf(after(...overlapping), revoke('one', 1));

    expect(event).toEqual({
      type: 'WebhookSecretRotated',
      data: {
        v: 1,
        webhookId: 'orders',
        signingSecrets: [shared('two')],
        revoked: 'one',
        at: at(1),
        by: 'x',
      },
    });
  });

  it('is not for the last one of its kind', () => {
    expect(codeOf(after(...overlapping), revoke('two', 1))).toBe('PSH_REGISTRY_LAST_SECRET');
    expect(codeOf(after(BOTH), revoke('p-one', 1))).toBe('PSH_REGISTRY_LAST_SECRET');
  });

  it('tells a secret that does not sign from one that was revoked', () => {
    expect(codeOf(after(...overlapping), revoke('three', 1))).toBe('PSH_REGISTRY_UNKNOWN_SECRET');
    expect(codeOf(after(...overlapping), revoke('one', 24))).toBe('PSH_REGISTRY_UNKNOWN_SECRET');
    expect(codeOf(after(...overlapping, revoke('one', 1)), revoke('one', 1))).toBe(
      'PSH_REGISTRY_UNKNOWN_SECRET',
    );
  });

  it('in code is done in code', () => {
    const named = register(
      definition('symmetric', [inCode('a'), inCode('b')], ['a', 'b']),
      0,
      'code',
    );

    expect(codeOf(after(named), revoke('b', 1))).toBe('PSH_REGISTRY_OWNED_BY_CODE');
  });

  it('holds when the webhook is defined again', () => {
    const defined = definition('symmetric', [shared('a'), shared('b')], ['a', 'b']);

    expect(given(register(defined), revoke('b', 1), register(defined, 2))).toEqual([shared('a')]);
  });
});

describe('changing the kinds of keys', () => {
  it('adds one of the kind that is new, and leaves the other', () => {
    const [event] = eventsOf(after(SYMMETRIC), changeKeys('both', [shared('x'), pair('p')], 1));

    expect(event).toMatchObject({
      type: 'WebhookChanged',
      data: {
        changes: [
          { field: 'signing', before: null, after: { keys: 'both' } },
          { field: 'signingSecrets' },
        ],
      },
    });
    expect(given(SYMMETRIC, changeKeys('both', [shared('x'), pair('p')], 1))).toEqual([
      pair('p'),
      shared('one'),
    ]);
  });

  it('lets the kind that is given up go on for the overlap', () => {
    expect(given(SYMMETRIC, changeKeys('asymmetric', [pair('p')], 1))).toEqual([
      pair('p'),
      shared('one', 25),
    ]);
    expect(given(BOTH, changeKeys('symmetric', [shared('x')], 1))).toEqual([
      shared('one'),
      pair('p-one', 25),
    ]);
  });

  it('back again takes a new key: the old one still ends', () => {
    expect(
      given(
        SYMMETRIC,
        changeKeys('asymmetric', [pair('p')], 0),
        changeKeys('symmetric', [shared('two')], 1),
      ),
    ).toEqual([shared('two'), pair('p', 25), shared('one', 24)]);
  });

  it('to what they are decides nothing, also when an overlap is over', () => {
    const state = after(SYMMETRIC, rotate([shared('two')], 0, 1));

    expect(eventsOf(state, changeKeys('symmetric', [shared('x')], 2))).toEqual([]);
    expect(eventsOf(state, register(definition('symmetric', [shared('y')]), 2))).toEqual([]);
  });

  it('leaves the profiles, as changing the profiles leaves the keys', () => {
    const profiles = [...DEFAULT_SIGNING.profiles].map(({ headers }) => ({
      kind: 'standard' as const,
      headers: { ...(headers as { timestamp: string; signature: string }), id: 'acme-id' },
    }));
    const state = after(BOTH, {
      type: 'change',
      patch: { signing: { profiles } },
      at: at(1),
      by: 'x',
    });

    expect(state).toMatchObject({ definition: { signing: { keys: 'both', profiles } } });
    expect(after(BOTH, changeKeys('symmetric', [], 1))).not.toHaveProperty('definition.signing');
  });

  it('is refused where a static header has the name of a part of the signature', () => {
    const before = after(register({ ...definition('symmetric', []), headers: { 'X-Id': 'x' } }));
    const headers = { id: 'x-id', signature: 'x-signature' };
    const patch = { signing: { profiles: [{ kind: 'stripe' as const, headers }] } };

    expect(codeOf(before, { type: 'change', patch, at: at(1), by: 'x' })).toBe(
      'PSH_REGISTRY_INVALID_DEFINITION',
    );
  });
});

describe('defining a webhook again', () => {
  it('with another secret of one kind leaves a generated one of the other kind', () => {
    const named = (fingerprint: string, spare: string) =>
      definition('both', [shared(fingerprint), pair(spare)], [fingerprint]);

    expect(given(register(named('a', 'p')), register(named('b', 'q'), 1))).toEqual([
      shared('b'),
      pair('p'),
      shared('a', 25),
    ]);
  });

  it('without the secret that it named takes a generated one', () => {
    const before = register(definition('symmetric', [shared('a')], ['a']));

    expect(given(before, register(definition('symmetric', [shared('g')]), 1))).toEqual([
      shared('g'),
      shared('a', 25),
    ]);
  });

  it('with keys of another kind lets those of before go on', () => {
    expect(given(SYMMETRIC, register(definition('asymmetric', [pair('p')]), 1))).toEqual([
      pair('p'),
      shared('one', 25),
    ]);
  });

  it('never has more secrets than places, and never loses one that is in use', () => {
    const many = Array.from({ length: 10 }, (_, index) => shared(`n${index}`));
    const names = many.map(({ fingerprint }) => fingerprint);
    const secrets = given(SYMMETRIC, register(definition('both', [...many, pair('p')], names), 1));

    expect(secrets).toEqual([pair('p'), ...many]);
  });
});
