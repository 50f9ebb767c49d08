import type { WebhookCode } from '../declaration/webhook-code.js';
import type { Webhook } from '../webhook.js';
import { type AnyFunction, DeclaredFunction } from './declared-function.js';
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
      transform: callOf(draft?.transform),
      resolveToken: callOf(auth?.type === 'resolver' ? auth.resolve : null),
    };
    this.#opened.set(webhook.id, { webhook, functions });
    return functions;
  }

  /** Forgets what was found for the webhook. */
  forget(webhookId: string): void {
    this.#opened.delete(webhookId);
  }
}

function callOf<Call extends AnyFunction>(
  part: DeclaredFunction<Call> | null | undefined,
): Call | null {
  return part instanceof DeclaredFunction ? part.call : null;
}
