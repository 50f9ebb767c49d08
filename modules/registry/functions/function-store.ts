import { isPromise } from 'node:util/types';
import type { WebhookCode } from '../declaration/webhook-code.js';
import { askExpression, isTruthy } from '../expressions/expression.js';
import type { SpanFilter } from '../matching/membership-spans.js';
import type { SourceEvent } from '../source-event.js';
import type { StoredQuestion } from '../webhook.events.js';
import type { Webhook } from '../webhook.js';
import { DeclaredFunction, type Question } from './declared-function.js';
import type { EventFilter, WebhookFunctions } from './webhook-functions.js';

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
      filter: filterOf(questionOf(webhook.definition.filter, draft?.filter, passes)),
      transform: questionOf(webhook.definition.transform, draft?.transform, askExpression),
      resolveToken: auth?.type === 'resolver' ? auth.resolve.call : null,
      send: draft?.sender?.call ?? null,
    };
    this.#opened.set(webhook.id, { webhook, functions });
    return functions;
  }

  /**
   * Whether the webhook wants an event as far as can be told here: what the filter fails on, and what waits for code that
   * is not here, is not decided, and so not left out.
   *
   * @param asked what was asked where the event lies; a function has no past, so what is asked now is asked instead
   */
  isWanted(webhook: Webhook, asked: SpanFilter, event: SourceEvent): boolean {
    try {
      if (asked.expression !== null) return passes(asked.expression, event);
      if (this.#code.missing(webhook) !== null) return true;
      return this.functions(webhook).filter?.(event) ?? true;
    } catch {
      return true;
    }
  }

  /** Forgets what was found for the webhook. */
  forget(webhookId: string): void {
    this.#opened.delete(webhookId);
  }
}

function passes(expression: string, event: SourceEvent): boolean {
  return isTruthy(askExpression(expression, event));
}

function filterOf(filter: EventFilter | null): EventFilter | null {
  if (!filter) return null;
  return (event) => {
    const answer: unknown = filter(event);
    if (!isPromise(answer)) return Boolean(answer);
    answer.catch(() => undefined);
    // It would pass every event.
    throw new TypeError('the filter answered a promise, and has to answer at once');
  };
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
