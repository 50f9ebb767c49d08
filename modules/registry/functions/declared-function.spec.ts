import { isPosthornError, ManualClock } from '../../kernel/index.js';
import { DeclaredWebhooks } from '../declaration/declared-webhooks.js';
import { WebhookCode } from '../declaration/webhook-code.js';
import { DefinitionBuilder } from '../definition/definition-builder.js';
import { hasCode } from '../definition/definition-needs.js';
import { definitionDigest, recordOf } from '../definition/definition-record.js';
import {
  crossFieldProblems,
  type DefinitionRules,
  parseDefinition,
} from '../definition/definition-rules.js';
import { DEFAULT_SIGNING } from '../definition/signing-policy.js';
import type { WebhookDraft } from '../definition/webhook-draft.js';
import type { WebhookDefinitionRecord } from '../webhook.events.js';
import type { Webhook } from '../webhook.js';
import { FunctionStore } from './function-store.js';
import type { SenderHook } from './webhook-functions.js';

const CLOCK = new ManualClock();
const RULES: DefinitionRules = {
  urlPolicy: { isHttpAllowed: false },
  reservedHeaders: [],
  isReservedStream: () => false,
  now: () => CLOCK.now(),
};
const DECLARED = { ...RULES, isDeclared: true };
const SECRET = { kind: 'encrypted', fingerprint: 'f' } as never;

type Configure = (webhook: DefinitionBuilder) => unknown;

function draftOf(configure: Configure, rules = DECLARED): WebhookDraft {
  const builder = new DefinitionBuilder('https://a.example').withEventType('a');
  configure(builder);
  return builder.build('orders', rules);
}

function recordFor(configure: Configure): WebhookDefinitionRecord {
  return recordOf(
    draftOf(configure),
    () => SECRET,
    () => SECRET,
  );
}

function problemsOf(configure: Configure, rules: DefinitionRules) {
  try {
    draftOf(configure, { ...DECLARED, ...rules });
  } catch (error) {
    if (isPosthornError(error)) return error.problems;
  }
  return [];
}

function problemsIn(fields: object, rules: DefinitionRules) {
  try {
    parseDefinition('orders', { url: 'https://a.example', eventTypes: ['a'], ...fields }, rules);
  } catch (error) {
    if (isPosthornError(error)) return error.problems;
  }
  return [];
}

/** A definition with a client certificate, as it is checked as a whole. */
const VALID = {
  tenantId: null,
  isGlobal: false,
  url: 'https://a.example',
  signing: DEFAULT_SIGNING,
  tls: { clientCertificate: { certificate: 'c', key: 'k' }, certificateAuthorities: [] },
};

/** An instance that declares the webhook so, and the webhook as it is registered. */
function instance(configure: Configure, registered: WebhookDefinitionRecord) {
  const declared = new DeclaredWebhooks();
  const draft = draftOf(configure);
  declared.declare('orders', { draft, digest: definitionDigest(recordFor(configure)) });
  const code = new WebhookCode(declared);
  const webhook = {
    id: 'orders',
    definition: registered,
    digest: definitionDigest(registered),
  } as Webhook;
  return { code, webhook, functions: () => new FunctionStore(code).functions(webhook) };
}

describe('a function of a declared webhook', () => {
  const one: Configure = (webhook) => webhook.withTransform((event) => event.type);
  const other: Configure = (webhook) => webhook.withTransform((event) => event.stream);
  const plain: Configure = (webhook) => webhook;

  it('is stored as a version, by default a digest of its text', () => {
    expect(recordFor(one).transform).toEqual({
      kind: 'function',
      version: expect.stringMatching(/^sha256:[\w-]{43}$/u) as string,
    });
    expect(definitionDigest(recordFor(one))).toBe(definitionDigest(recordFor(one)));
    expect(definitionDigest(recordFor(one))).not.toBe(definitionDigest(recordFor(other)));
    expect(definitionDigest(recordFor(one))).not.toBe(definitionDigest(recordFor(plain)));
  });

  it('is the same under a version that its author gives, whatever its text', () => {
    const versioned = (call: () => unknown, version: string) =>
      recordFor((webhook) => webhook.withTransform(call, { version }));

    const digest = definitionDigest(versioned(() => 1, '1'));
    expect(definitionDigest(versioned(() => 2, '1'))).toBe(digest);
    expect(definitionDigest(versioned(() => 1, '2'))).not.toBe(digest);
  });

  it('leaves no trace in a definition without one', () => {
    expect(recordFor(plain)).not.toHaveProperty('transform');
    expect(hasCode(recordFor(plain))).toBe(false);
    expect(hasCode(recordFor(one))).toBe(true);
  });

  it('is refused where it cannot be kept, and the fix is named', () => {
    const problems = problemsOf(one, { ...RULES, isDeclared: false });

    expect(problems).toEqual([
      {
        field: 'transform',
        message: expect.stringContaining('declared in code') as string,
        fix: expect.stringContaining('@Webhook') as string,
      },
    ]);
  });

  it('has a version that can be read', () => {
    const fields = problemsOf(
      (webhook) => webhook.withTransform(() => 1, { version: 'a\nb' }),
      DECLARED,
    ).map(({ field }) => field);

    expect(fields).toEqual(['transform.version']);
  });

  it('is found where the instance declares the registered definition', () => {
    const { code, functions, webhook } = instance(one, recordFor(one));

    expect(code.missing(webhook)).toBeNull();
    expect(functions().transform?.({ type: 'order.placed' } as never)).toBe('order.placed');
  });

  it('is missing where the instance declares another', () => {
    const { code, functions, webhook } = instance(other, recordFor(one));

    expect(code.missing(webhook)).toBe(webhook.digest);
    expect(functions).toThrow(
      expect.objectContaining({ code: 'PSH_REGISTRY_CODE_MISSING' }) as Error,
    );
  });

  it('is not asked for by headers that happen to be named like it', () => {
    const headers = { kind: 'function', version: '1' };
    const { code, webhook } = instance(plain, { ...recordFor(plain), headers });

    expect(code.missing(webhook)).toBeNull();
  });
});

describe('a sender hook of a declared webhook', () => {
  const hook: SenderHook = () => ({ status: 202 });
  const one: Configure = (webhook) => webhook.withSender(hook);
  const plain: Configure = (webhook) => webhook;

  it('is stored as a version, and is found where the definition is declared', () => {
    const { code, functions, webhook } = instance(one, recordFor(one));

    expect(recordFor(one).sender).toEqual({
      kind: 'function',
      version: expect.stringMatching(/^sha256:/u) as string,
    });
    expect(code.missing(webhook)).toBeNull();
    expect(functions().send).toBe(hook);
  });

  it('is missing where another, or none, is declared: nothing goes over the network instead', () => {
    for (const declared of [
      plain,
      (webhook: DefinitionBuilder) => webhook.withSender(hook, { version: '2' }),
    ]) {
      const { code, functions, webhook } = instance(declared, recordFor(one));

      expect(code.missing(webhook)).toBe(webhook.digest);
      expect(functions).toThrow(
        expect.objectContaining({ code: 'PSH_REGISTRY_CODE_MISSING' }) as Error,
      );
    }
  });

  it('is missing where it is of a kind that only later versions know', () => {
    const sender = { kind: 'connector', version: '1' } as never;
    const { code, webhook } = instance(plain, { ...recordFor(plain), sender });

    expect(code.missing(webhook)).toBe(webhook.digest);
  });

  it('leaves no trace in a definition without one', () => {
    expect(recordFor(plain)).not.toHaveProperty('sender');
    expect(instance(plain, recordFor(plain)).functions().send).toBeNull();
  });

  it('is counted by version in the digest', () => {
    const digests = ['1', '1', '2'].map((version) =>
      definitionDigest(recordFor((webhook) => webhook.withSender(hook, { version }))),
    );

    expect(digests[0]).toBe(digests[1]);
    expect(digests[0]).not.toBe(digests[2]);
  });

  it.each([
    ['is no function', { url: 'amqp://queue' }, 'sender'],
    ['has no version that can be read', { call: hook, version: 'a\nb' }, 'sender.version'],
  ])('is refused when it %s', (_what, sender, field) => {
    const fields = problemsIn({ sender }, DECLARED).map((problem) => problem.field);

    expect(fields).toEqual([field]);
  });

  it('is refused where it cannot be kept, and `null` is none', () => {
    expect(problemsIn({ sender: hook }, RULES)).toEqual([
      {
        field: 'sender',
        message: expect.stringContaining('declared in code') as string,
        fix: expect.stringContaining('@Webhook') as string,
      },
    ]);
    expect(problemsIn({ sender: null }, RULES)).toEqual([]);
  });

  it('goes without a client certificate, which nobody would be shown', () => {
    const definition = { ...VALID, headerNames: [], sender: { kind: 'function' } };
    const fields = (authType: string) =>
      crossFieldProblems({ ...definition, authType }).map(({ field }) => field);

    expect(fields('bearer')).toEqual(['tls.clientCertificate']);
    expect(fields('oauth2')).toEqual([]);
  });
});

describe('an expression of any webhook', () => {
  const asking: Configure = (webhook) => webhook.withTransform('{text: type}');

  it('is stored as it is, and is code that every instance has', () => {
    const { code, functions, webhook } = instance((other) => other, recordFor(asking));

    expect(webhook.definition.transform).toEqual({ kind: 'jmespath', expression: '{text: type}' });
    expect(code.missing(webhook)).toBeNull();
    expect(functions().transform?.({ type: 'order.placed' } as never)).toEqual({
      text: 'order.placed',
    });
  });

  it('is refused where it cannot be read, and it is said where', () => {
    const notAsExpected: Configure = (webhook) => webhook.withTransform('{text: type');
    const wrong: Configure = (webhook) => webhook.withTransform('type type');

    expect(problemsOf(notAsExpected, { ...RULES, isDeclared: false })).toHaveLength(1);
    expect(problemsOf(wrong, { ...RULES, isDeclared: false })).toEqual([
      {
        field: 'transform',
        message: 'the expression cannot be read at character 6: unexpected "type"',
        fix: expect.stringContaining('jmespath') as string,
      },
    ]);
  });

  it('stands beside no envelope', () => {
    const both: Configure = (webhook) => asking(webhook.withEnvelope('cloudevents'));

    expect(problemsOf(both, RULES).map(({ field }) => field)).toEqual(['envelope']);
  });
});

describe('a definition of a later version of Posthorn', () => {
  it('is left to instances that know the language of its expressions', () => {
    const transform = { kind: 'jsonata', expression: 'type' } as never;
    const { code, webhook } = instance((other) => other, {
      ...recordFor((plain) => plain),
      transform,
    });

    expect(code.missing(webhook)).toBe(webhook.digest);
  });

  it('is left to instances that know all of it', () => {
    const plain: Configure = (webhook) => webhook;
    const later = { ...recordFor(plain), quietHours: { from: 22, to: 6 } };
    const { code, webhook } = instance(plain, later);

    expect(code.missing(webhook)).toBe(webhook.digest);
  });
});
