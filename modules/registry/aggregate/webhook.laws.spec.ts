import fc from 'fast-check';
import { fold, isPosthornError } from '../../kernel/index.js';
import { definitionDigest } from '../definition/definition-record.js';
import type { WebhookDefinitionRecord, WebhookEvent } from '../webhook.events.js';
import { webhookDecider } from './webhook.aggregate.js';
import type { RegisterDecision, WebhookDecision } from './webhook.commands.js';
import { isListening, type WebhookState } from './webhook-state.js';

const DECIDER = webhookDecider('orders');
const ASKED = { at: '2026-01-01T00:00:00.000Z', by: 'somebody' };
const SEALED = { keyId: 'k', iv: '', ciphertext: '', tag: '' };

function definition(fields: Partial<WebhookDefinitionRecord> = {}): WebhookDefinitionRecord {
  return {
    url: 'https://example.com/',
    eventTypes: ['order.placed'],
    source: { kind: 'all' },
    tenantId: null,
    isGlobal: false,
    headers: {},
    auth: { type: 'none' },
    signingSecrets: [{ kind: 'encrypted', ...SEALED, fingerprint: 'generated' }],
    namedSigningSecrets: [],
    retry: { kind: 'standard' },
    timeoutMs: 20_000,
    concurrency: 10,
    isReplayable: true,
    isActive: true,
    description: null,
    ...fields,
  };
}

function declared(
  release: number | null,
  fields: Partial<RegisterDecision> = {},
): RegisterDecision {
  return {
    type: 'register',
    owner: 'code',
    release,
    definition: definition(),
    startFrom: 'now',
    overlapMs: 0,
    mustBeNew: false,
    isAdopting: false,
    ...ASKED,
    ...fields,
  };
}

const reason = fc.constantFrom(null, 'maintenance');
const release = fc.option(fc.integer({ min: 1, max: 3 }));
const someDefinition = fc
  .record({ timeoutMs: fc.constantFrom(1, 2), isActive: fc.boolean() })
  .map((fields) => definition(fields));
const decisions: fc.Arbitrary<WebhookDecision[]> = fc.array(
  fc.oneof(
    fc
      .tuple(release, someDefinition)
      .map(([one, defined]) => declared(one, { definition: defined })),
    someDefinition.map((defined) => declared(null, { owner: 'api', definition: defined })),
    reason.map((one) => ({ type: 'pause' as const, reason: one, ...ASKED })),
    reason.map((one) => ({ type: 'resume' as const, reason: one, ...ASKED })),
    reason.map((one) => ({ type: 'remove' as const, reason: one, ...ASKED })),
    fc.constant({ type: 'disable' as const, reason: 'x', ...ASKED }),
    fc.constantFrom('k', 'newer').map((from) => ({
      type: 'reseal' as const,
      resealed: [
        {
          ...{ field: 'signingSecret', fingerprint: 'generated', from },
          sealed: { ...SEALED, keyId: 'newer' },
        },
      ],
      ...ASKED,
    })),
    fc.constant({ type: 'change' as const, patch: { concurrency: 3 }, ...ASKED }),
    fc.constant({ type: 'change' as const, patch: { rateLimit: { perSecond: 5 } }, ...ASKED }),
    fc.constant({ type: 'change' as const, patch: { rateLimit: null }, ...ASKED }),
    fc
      .record({ policy: fc.constantFrom('pause' as const, 'remove' as const), release })
      .map((fields) => ({ type: 'vanish' as const, ...fields, ...ASKED })),
  ),
  { maxLength: 20 },
);

interface Step {
  readonly decision: WebhookDecision;
  readonly before: WebhookState;
  readonly events: readonly WebhookEvent[];
  readonly after: WebhookState;
}

/** Decides one after the other; a decision that is refused changes nothing. */
function steps(all: readonly WebhookDecision[]): readonly Step[] {
  let state: WebhookState = DECIDER.initialState;
  return all.map((decision) => {
    const before = state;
    const events = decided(decision, before);
    state = fold(DECIDER, events, before);
    return { decision, before, events, after: state };
  });
}

function decided(decision: WebhookDecision, state: WebhookState): readonly WebhookEvent[] {
  try {
    return DECIDER.decide(decision, state);
  } catch (error) {
    if (isPosthornError(error)) return [];
    throw error;
  }
}

function registrationOf(state: WebhookState): number {
  return state.phase === 'unregistered' ? 0 : state.registration;
}

describe('whatever is decided about a webhook', () => {
  it('decided again it decides nothing', () => {
    fc.assert(
      fc.property(decisions, (all) => {
        for (const { decision, after } of steps(all)) {
          expect(decided(decision, after)).toEqual([]);
        }
      }),
    );
  });

  it('the digest is that of the definition', () => {
    fc.assert(
      fc.property(decisions, (all) => {
        const digests = steps(all).flatMap(({ after }) =>
          after.phase === 'unregistered'
            ? []
            : [[after.digest, definitionDigest(after.definition)]],
        );
        for (const [recorded, computed] of digests) expect(recorded).toBe(computed);
      }),
    );
  });

  it('registrations are counted without a gap', () => {
    fc.assert(
      fc.property(decisions, (all) => {
        for (const { before, events, after } of steps(all)) {
          const begun = events.filter(({ type }) => type === 'WebhookRegistered').length;
          expect(registrationOf(after)).toBe(registrationOf(before) + begun);
        }
      }),
    );
  });

  it('what is removed or disabled listens to nothing', () => {
    fc.assert(
      fc.property(decisions, (all) => {
        const listening = steps(all).filter(
          ({ after }) => after.phase !== 'unregistered' && isListening(after),
        );
        for (const { after } of listening) {
          expect(after).toMatchObject({ phase: 'registered', disabledReason: null });
        }
      }),
    );
  });

  it('code of a lower release than the one that decided last decides nothing', () => {
    fc.assert(
      fc.property(decisions, release, (all, mine) => {
        const state = steps(all).at(-1)?.after ?? DECIDER.initialState;
        fc.pre(state.phase !== 'unregistered' && state.owner === 'code');
        fc.pre((mine ?? 0) < (state.release ?? 0));
        const other = declared(mine, { definition: definition({ timeoutMs: 77 }) });

        expect(DECIDER.decide(other, state)).toEqual([]);
        expect(
          DECIDER.decide({ type: 'vanish', policy: 'remove', release: mine, ...ASKED }, state),
        ).toEqual([]);
      }),
    );
  });
});
