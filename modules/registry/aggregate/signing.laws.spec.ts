import fc from 'fast-check';
import {
  after,
  at,
  changeKeys,
  codeOf,
  DECIDER,
  definition,
  eventsOf,
  pair,
  register,
  revoke,
  rotate,
  secretsOf,
  shared,
} from '../../../test/support/signing-decisions.js';
import { fold } from '../../kernel/index.js';
import { kindOf, kindsOf, signingOf } from '../definition/signing-policy.js';
import type { SigningPolicy, StoredSecret } from '../webhook.events.js';
import { isCurrent } from './signing-secrets.js';
import type { WebhookDecision } from './webhook.commands.js';
import type { WebhookState } from './webhook-state.js';

const BOTH = register(definition('both', [shared('one'), pair('p-one')]));

/** When a secret ends; empty: it does not. */
function endOf(secret: StoredSecret): string {
  return secret.kind === 'code' ? '' : (secret.expiresAt ?? '');
}

describe('the keys of a webhook, whatever is decided', () => {
  const kinds = fc.constantFrom<SigningPolicy['keys']>('symmetric', 'asymmetric', 'both');
  const steps = fc.array(
    fc.record({
      what: fc.constantFrom('rotate', 'rotate one', 'change', 'revoke', 'define'),
      keys: kinds,
      pick: fc.nat(9),
      hours: fc.integer({ min: 0, max: 12 }),
      overlapHours: fc.integer({ min: 0, max: 48 }),
    }),
    { maxLength: 30 },
  );

  type StepsOf = typeof steps extends fc.Arbitrary<infer Of> ? Of : never;

  interface Step {
    readonly before: readonly StoredSecret[];
    readonly after: readonly StoredSecret[];
    readonly state: WebhookState;
    readonly decision: WebhookDecision;
    readonly hours: number;
  }

  function played(all: StepsOf): Step[] {
    let state = after(BOTH);
    let hours = 0;
    return all.map(({ what, keys, pick, hours: passed, overlapHours }, index) => {
      hours += passed;
      const before = secretsOf(state);
      const fresh = [shared(`s${index}`), pair(`p${index}`)];
      const kind = keys === 'both' ? null : keys;
      const newest = fresh.filter((one) => kind === null || kindOf(one) === kind);
      const decision =
        what === 'change'
          ? changeKeys(keys, newest, hours)
          : what === 'revoke'
            ? revoke(before[pick % before.length]?.fingerprint ?? '', hours)
            : what === 'define'
              ? register(definition(keys, newest), hours)
              : rotate(newest, hours, overlapHours, what === 'rotate one' ? kind : null);
      const events = codeOf(state, decision) === 'decided' ? eventsOf(state, decision) : [];
      state = fold(DECIDER, events, state);
      return { before, after: secretsOf(state), state, decision, hours };
    });
  }

  it('are one of every kind in use at least, and ten at most', () => {
    fc.assert(
      fc.property(steps, (all) => {
        for (const { after: secrets, state } of played(all)) {
          if (state.phase === 'unregistered') continue;
          const current = new Set(secrets.filter(isCurrent).map(kindOf));
          expect([...current].sort()).toEqual([...kindsOf(signingOf(state.definition))].sort());
          expect(secrets.length).toBeLessThanOrEqual(10);
        }
      }),
    );
  });

  it('never end later than was said', () => {
    fc.assert(
      fc.property(steps, (all) => {
        for (const { before, after: secrets } of played(all)) {
          const ends = new Map(before.map((one) => [one.fingerprint, endOf(one)]));
          for (const secret of secrets) {
            const end = ends.get(secret.fingerprint) ?? '';
            expect(end === '' || (endOf(secret) !== '' && endOf(secret) <= end)).toBe(true);
          }
        }
      }),
    );
  });

  it('that sign until an hour to come go on until then, unless a rotation or a revocation ends it', () => {
    fc.assert(
      fc.property(steps, (all) => {
        for (const { before, after: secrets, decision, hours } of played(all)) {
          if (decision.type === 'revoke-secret' || decision.type === 'rotate-secret') continue;
          // There is no place for more: the oldest goes.
          if (secrets.length === 10) continue;
          const kept = new Set(secrets.map(({ fingerprint }) => fingerprint));
          const valid = before.filter((one) => endOf(one) > at(hours));
          for (const { fingerprint } of valid) expect(kept.has(fingerprint)).toBe(true);
        }
      }),
    );
  });
});
