import { isPosthornError, ManualClock } from '../../kernel/index.js';
import { DeclaredWebhooks } from '../declaration/declared-webhooks.js';
import { WebhookCode } from '../declaration/webhook-code.js';
import { DefinitionBuilder } from '../definition/definition-builder.js';
import { hasCode } from '../definition/definition-needs.js';
import { definitionDigest, recordOf } from '../definition/definition-record.js';
import type { DefinitionRules } from '../definition/definition-rules.js';
import type { WebhookDraft } from '../definition/webhook-draft.js';
import type { WebhookDefinitionRecord } from '../webhook.events.js';
import type { Webhook } from '../webhook.js';
import { FunctionStore } from './function-store.js';

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
