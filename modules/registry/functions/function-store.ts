import type { WebhookCode } from '../declaration/webhook-code.js';
import { askExpression } from '../expressions/expression.js';
import type { SourceEvent } from '../source-event.js';
import type { StoredQuestion } from '../webhook.events.js';
import type { Webhook } from '../webhook.js';
import { DeclaredFunction, type Question } from './declared-function.js';
import type { WebhookFunctions } from './webhook-functions.js';

interface Opened {
  readonly webhook: Webhook;
  readonly functions: WebhookFunctions;
}

/** Finds what of webhooks can be called, and keeps it for as long as the webhook stays as it is. */
export class FunctionStore {
  readonly #code: WebhookCode;
  readonly #opened = new Map<string, Opened>();

  constructor(code: WebhookCode) {
    this.#code = code;
  }

  /** @throws PosthornError `PSH_REGISTRY_CODE_MISSING` */
  functions(webhook: Webhook): WebhookFunctions {
    const opened = this.#opened.get(webhook.id);
    if (opened?.webhook === webhook) return opened.functions;
    const draft = this.#code.draftOf(webhook);
    const { auth } = draft ?? {};
    const functions = {
      transform: questionOf(webhook.definition.transform, draft?.transform, askExpression),
      resolveToken: auth?.type === 'resolver' ? auth.resolve.call : null,
    };
    this.#opened.set(webhook.id, { webhook, functions });
    return functions;
  }

  /** Forgets what was found for the webhook. */
  forget(webhookId: string): void {
    this.#opened.delete(webhookId);
  }
}

/** @param ask asks an expression of an event */
function questionOf<Answer>(
  stored: StoredQuestion | undefined,
  drafted: Question<(event: SourceEvent) => Answer> | null | undefined,
  ask: (expression: string, event: SourceEvent) => Answer,
): ((event: SourceEvent) => Answer) | null {
  if (stored?.kind === 'jmespath') return (event) => ask(stored.expression, event);
  return drafted instanceof DeclaredFunction ? drafted.call : null;
}
