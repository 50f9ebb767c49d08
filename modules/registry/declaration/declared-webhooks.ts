import type { WebhookDraft } from '../definition/webhook-draft.js';

/** What the code of this instance says about a webhook, its secrets included. */
export interface DeclaredWebhook {
  readonly draft: WebhookDraft;
  readonly digest: string;
}

/** The webhooks declared in the code of this instance, by id. */
export class DeclaredWebhooks {
  readonly #byId = new Map<string, DeclaredWebhook>();

  declare(webhookId: string, declared: DeclaredWebhook): void {
    this.#byId.set(webhookId, declared);
  }

  /** The declaration with this digest; `undefined` when the code here says something else, or nothing. */
  find(webhookId: string, digest: string): DeclaredWebhook | undefined {
    const declared = this.#byId.get(webhookId);
    return declared?.digest === digest ? declared : undefined;
  }
}
