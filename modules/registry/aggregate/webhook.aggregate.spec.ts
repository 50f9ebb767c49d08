import { fold, isPosthornError } from '../../kernel/index.js';
import { definitionDigest } from '../definition/definition-record.js';
import type { EncryptedSecret, WebhookDefinitionRecord, WebhookEvent } from '../webhook.events.js';
import { VANISHED_REASON, webhookDecider } from './webhook.aggregate.js';
import type { RegisterDecision, WebhookDecision } from './webhook.commands.js';
import { statusOf, type WebhookState } from './webhook-state.js';

const ID = 'orders';
const AT = '2026-01-01T00:00:00.000Z';
const LATER = '2026-01-01T01:00:00.000Z';
const HOUR_MS = 3_600_000;
const DECIDER = webhookDecider(ID);
const ASKED = { at: AT, by: 'somebody' };
const NOTED = { ...ASKED, reason: null };

function encrypted(fingerprint: string, expiresAt?: string): EncryptedSecret {
  const sealed = { keyId: 'k', iv: '', ciphertext: '', tag: '' };
  return { kind: 'encrypted', ...sealed, fingerprint, ...(expiresAt && { expiresAt }) };
}

function definition(fields: Partial<WebhookDefinitionRecord> = {}): WebhookDefinitionRecord {
  return {
    url: 'https://example.com/',
    eventTypes: ['order.placed'],
    source: { kind: 'all' },
    tenantId: null,
    isGlobal: false,
    headers: {},
    auth: { type: 'none' },
    signingSecrets: [encrypted('generated')],
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

function register(fields: Partial<RegisterDecision> = {}): RegisterDecision {
  return {
    type: 'register',
    owner: 'api',
    release: null,
    definition: definition(),
    startFrom: 'now',
    overlapMs: 24 * HOUR_MS,
    mustBeNew: false,
    isAdopting: false,
    ...ASKED,
    ...fields,
  };
}

const declared = (release: number | null, fields: Partial<RegisterDecision> = {}) =>
  register({ owner: 'code', release, ...fields });

/** Decides one decision after the other, each on what came of those before. */
function after(...decisions: WebhookDecision[]): WebhookState {
  return decisions.reduce<WebhookState>(
    (state, decision) => fold(DECIDER, DECIDER.decide(decision, state), state),
    DECIDER.initialState,
  );
}

function given(...decisions: WebhookDecision[]) {
  const state = after(...decisions);
  return {
    when: (decision: WebhookDecision) => {
      let events: readonly WebhookEvent[] = [];
      let code: string | undefined;
      try {
        events = DECIDER.decide(decision, state);
      } catch (error) {
        if (!isPosthornError(error)) throw error;
        code = error.code;
      }
      return {
        events,
        code,
        types: events.map(({ type }) => type),
        state: fold(DECIDER, events, state),
      };
    },
  };
}

function statusAfter(...decisions: WebhookDecision[]): string {
  const state = after(...decisions);
  return state.phase === 'unregistered' ? state.phase : statusOf(state);
}

describe('registering', () => {
  it('records the definition, its digest and where to start', () => {
    const { events } = given().when(register({ startFrom: { position: '17' } }));

    expect(events).toEqual([
      {
        type: 'WebhookRegistered',
        data: {
          v: 1,
          webhookId: ID,
          registration: 1,
          owner: 'api',
          release: null,
          definition: definition(),
          digest: definitionDigest(definition()),
          startFrom: { position: '17' },
          ...ASKED,
        },
      },
    ]);
  });

  it('an equal definition records nothing, also one whose secret was encrypted anew', () => {
    const encryptedAnew = definition({ signingSecrets: [encrypted('another generated one')] });
    expect(given(register()).when(register({ definition: encryptedAnew })).events).toEqual([]);
  });

  it('a different one records what differs, and keeps the generated secret', () => {
    const { events, state } = given(register()).when(
      register({
        definition: definition({
          url: 'https://other.example/',
          signingSecrets: [encrypted('another generated one')],
        }),
      }),
    );

    expect(events).toMatchObject([
      {
        type: 'WebhookChanged',
        data: {
          changes: [
            { field: 'url', before: 'https://example.com/', after: 'https://other.example/' },
          ],
        },
      },
    ]);
    expect(state).toMatchObject({ definition: { signingSecrets: [encrypted('generated')] } });
  });

  it('again after a removal begins the next registration', () => {
    const { events } = given(register(), { type: 'remove', ...NOTED }).when(register());
    expect(events).toMatchObject([{ type: 'WebhookRegistered', data: { registration: 2 } }]);
  });

  it('refuses an id that is taken where it has to be new', () => {
    expect(given(register()).when(register({ mustBeNew: true })).code).toBe(
      'PSH_REGISTRY_ALREADY_REGISTERED',
    );
    expect(given().when(register({ mustBeNew: true })).types).toEqual(['WebhookRegistered']);
  });

  it('changes neither pause nor disabling', () => {
    const changed = register({ definition: definition({ timeoutMs: 1 }) });
    expect(statusAfter(register(), { type: 'pause', ...NOTED }, changed)).toBe('paused');
    expect(
      statusAfter(register(), { type: 'disable', ...ASKED, reason: 'endpoint_gone' }, changed),
    ).toBe('disabled');
  });

  it('lets a replaced explicit secret sign for the overlap', () => {
    const named = (fingerprint: string) =>
      definition({
        signingSecrets: [encrypted(fingerprint)],
        namedSigningSecrets: [fingerprint],
      });
    const { state } = given(register({ definition: named('one') })).when(
      register({ definition: named('two'), overlapMs: HOUR_MS }),
    );

    expect(state).toMatchObject({
      definition: { signingSecrets: [encrypted('two'), encrypted('one', LATER)] },
    });
  });
});

describe('code and API', () => {
  it('the API cannot define, change, rotate in code or remove what is declared', () => {
    const inCode = declared(1, {
      definition: definition({ signingSecrets: [{ kind: 'code', fingerprint: 'x' }] }),
    });
    const decisions: WebhookDecision[] = [
      register(),
      { type: 'change', patch: { timeoutMs: 1 }, ...ASKED },
      { type: 'remove', ...NOTED },
      { type: 'rotate-secret', kind: null, secrets: [encrypted('y')], overlapMs: 0, ...ASKED },
    ];
    for (const decision of decisions) {
      expect(given(inCode).when(decision).code).toBe('PSH_REGISTRY_OWNED_BY_CODE');
    }
  });

  it('may pause, resume, disable it, and rotate a secret that was generated', () => {
    const secrets = [encrypted('y')];
    const rotate = { type: 'rotate-secret', kind: null, secrets, overlapMs: 0 } as const;
    expect(given(declared(1)).when({ type: 'pause', ...NOTED }).types).toEqual(['WebhookPaused']);
    expect(given(declared(1)).when({ type: 'disable', ...ASKED, reason: 'x' }).types).toEqual([
      'WebhookDisabled',
    ]);
    expect(given(declared(1)).when({ ...rotate, ...ASKED }).types).toEqual([
      'WebhookSecretRotated',
    ]);
    expect(given(declared(1), { ...rotate, ...ASKED }).when(declared(1)).events).toEqual([]);
  });

  it('code takes over a registered webhook only when it says so', () => {
    expect(given(register()).when(declared(1)).code).toBe('PSH_REGISTRY_OWNED_BY_API');
    expect(given(register()).when(declared(1, { isAdopting: true })).events).toMatchObject([
      {
        type: 'WebhookChanged',
        data: {
          owner: 'code',
          changes: [
            { field: 'owner', before: 'api', after: 'code' },
            { field: 'release', before: null, after: 1 },
          ],
        },
      },
    ]);
  });
});

describe('releases', () => {
  const changed = (release: number | null) =>
    declared(release, { definition: definition({ timeoutMs: 1 }) });

  it('a lower one never overrides a higher one; an equal or a higher one does', () => {
    expect(given(declared(2)).when(changed(1)).events).toEqual([]);
    expect(given(declared(2)).when(changed(null)).events).toEqual([]);
    expect(given(declared(2)).when(changed(2)).types).toEqual(['WebhookChanged']);
    expect(given(declared(2)).when(changed(3)).types).toEqual(['WebhookChanged']);
    expect(given(declared(null)).when(changed(null)).types).toEqual(['WebhookChanged']);
  });

  it('a higher one is recorded also when the definition is equal, so that one in between cannot win', () => {
    const { events, state } = given(declared(1)).when(declared(3));
    expect(events).toMatchObject([
      { type: 'WebhookChanged', data: { changes: [{ field: 'release', before: 1, after: 3 }] } },
    ]);
    expect(DECIDER.decide(changed(2), state)).toEqual([]);
  });

  it('a lower one does not undo what a higher one dismissed', () => {
    const vanish = (policy: 'pause' | 'remove', release: number | null) =>
      ({ type: 'vanish', policy, release, ...ASKED }) as const;

    expect(given(declared(1), vanish('remove', 2)).when(declared(1)).events).toEqual([]);
    expect(given(declared(1), vanish('pause', 2)).when(declared(1)).events).toEqual([]);
    expect(given(declared(1), vanish('remove', 2)).when(declared(3)).types).toEqual([
      'WebhookRegistered',
    ]);
    expect(given(declared(1), vanish('pause', 2)).when(declared(3)).types).toEqual([
      'WebhookChanged',
      'WebhookResumed',
    ]);
    expect(given(declared(2)).when(vanish('remove', 1)).events).toEqual([]);
    expect(given(declared(null), vanish('pause', null)).when(declared(null)).types).toEqual([
      'WebhookResumed',
    ]);
  });

  it('vanishing concerns no webhook of the API, and no pause of an operator', () => {
    const vanish = { type: 'vanish', policy: 'pause', release: 9, ...ASKED } as const;
    expect(given(register()).when(vanish).events).toEqual([]);
    const paused = given(declared(1), { type: 'pause', ...NOTED });
    expect(paused.when(vanish).events).toEqual([]);
    expect(paused.when(declared(1)).events).toEqual([]);
    expect(given(declared(1), vanish).when(vanish).events).toEqual([]);
    expect(after(declared(1), vanish)).toMatchObject({ pausedReason: VANISHED_REASON });
  });
});

describe('the states of a webhook', () => {
  const PAUSE = { type: 'pause', ...NOTED } as const;
  const RESUME = { type: 'resume', ...NOTED } as const;
  const DISABLE = { type: 'disable', ...ASKED, reason: 'endpoint_gone' } as const;
  const REMOVE = { type: 'remove', ...NOTED } as const;

  it.each([
    [[], 'active'],
    [[PAUSE], 'paused'],
    [[PAUSE, RESUME], 'active'],
    [[DISABLE], 'disabled'],
    [[PAUSE, DISABLE], 'disabled'],
    [[DISABLE, RESUME], 'active'],
    [[PAUSE, DISABLE, RESUME], 'active'],
    [[REMOVE], 'removed'],
    [[DISABLE, REMOVE], 'removed'],
    [[PAUSE, REMOVE, register()], 'active'],
  ] as [WebhookDecision[], string][])('%#: %j', (decisions, status) => {
    expect(statusAfter(register(), ...decisions)).toBe(status);
  });

  it('is inactive when it is defined so', () => {
    const inactive = register({ definition: definition({ isActive: false }) });
    expect(statusAfter(inactive)).toBe('inactive');
    expect(statusAfter(inactive, PAUSE)).toBe('paused');
  });

  it('repeating a decision records nothing', () => {
    expect(given(register()).when(RESUME).events).toEqual([]);
    expect(given(register(), PAUSE).when(PAUSE).events).toEqual([]);
    expect(given(register(), DISABLE).when(DISABLE).events).toEqual([]);
  });

  it('a disabled webhook cannot be paused', () => {
    expect(given(register(), DISABLE).when(PAUSE).code).toBe('PSH_REGISTRY_DISABLED');
  });

  it.each([PAUSE, RESUME, DISABLE, REMOVE])('what is not registered cannot: $type', (decision) => {
    expect(given().when(decision).code).toBe('PSH_REGISTRY_NOT_FOUND');
    expect(given(register(), REMOVE).when(decision).code).toBe('PSH_REGISTRY_NOT_FOUND');
  });
});

describe('changing', () => {
  const change = (patch: Extract<WebhookDecision, { type: 'change' }>['patch']) =>
    ({ type: 'change', patch, ...ASKED }) as const;

  it('replaces fields and merges headers by name in any case', () => {
    const before = register({
      definition: definition({ headers: { 'X-A': 'a', 'X-B': 'b', 'X-C': 'c' } }),
    });
    const { events } = given(before).when(
      change({ timeoutMs: 5, headers: { 'x-a': 'A', 'X-B': null } }),
    );

    expect(events).toMatchObject([
      {
        type: 'WebhookChanged',
        data: {
          changes: [
            { field: 'headers.x-a', before: 'a', after: 'A' },
            { field: 'headers.x-b', before: 'b', after: null },
            { field: 'timeoutMs', before: 20_000, after: 5 },
          ],
          definition: { headers: { 'x-a': 'A', 'X-C': 'c' }, timeoutMs: 5 },
        },
      },
    ]);
  });

  it('to what it is records nothing, also for a secret that was encrypted anew', () => {
    const before = register({ definition: definition({ headers: { 'X-A': encrypted('a') } }) });
    const same = { ...encrypted('a'), iv: 'other' };
    expect(given(before).when(change({ headers: { 'X-A': same } })).events).toEqual([]);
    const { events } = given(before).when(change({ timeoutMs: 1, headers: { 'X-A': same } }));
    expect(events).toMatchObject([{ data: { definition: { headers: { 'X-A': { iv: '' } } } } }]);
  });

  it('is refused where the whole would be a mistake', () => {
    const bearer = { auth: { type: 'bearer', token: encrypted('t') } } as const;
    const before = given(
      register({ definition: definition({ tenantId: 'acme', headers: { Authorization: 'x' } }) }),
    );
    for (const patch of [bearer, { isGlobal: true }]) {
      expect(before.when(change(patch)).code).toBe('PSH_REGISTRY_INVALID_DEFINITION');
    }
    const headers = Object.fromEntries(
      Array.from({ length: 50 }, (_, index) => [`x-${index}`, '']),
    );
    expect(before.when(change({ headers })).code).toBe('PSH_REGISTRY_INVALID_DEFINITION');
    expect(before.when(change({ headers: { ...headers, authorization: null } })).types).toEqual([
      'WebhookChanged',
    ]);
  });
});
