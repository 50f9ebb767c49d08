import type { RecordedEvent } from '@eventstore/db-client';
import { Logger } from '@nestjs/common';
import {
  sourceEventOf,
  type Webhook,
  type WebhookCredentials,
  type WebhookDirectory,
} from '../registry/index.js';
import type { RequestAuth } from '../sending/index.js';

/** What of an attempt decides how its request is authorised. */
interface AuthSubject {
  readonly webhook: Webhook;
  readonly event: RecordedEvent;
  readonly tenantId: string | null;
}

/** How the requests of webhooks are authorised, with what only the sender can ask for: tokens. */
export class RequestAuths {
  readonly #logger = new Logger('TokenResolver');
  readonly #directory: Pick<WebhookDirectory, 'functions'>;
  /** Definitions whose token resolver has thrown. */
  readonly #failed = new WeakSet<Webhook['definition']>();

  constructor(directory: Pick<WebhookDirectory, 'functions'>) {
    this.#directory = directory;
  }

  of({ auth }: WebhookCredentials, subject: AuthSubject): RequestAuth {
    const { webhook, event, tenantId } = subject;
    switch (auth.type) {
      case 'oauth2':
        // A changed definition begins without the tokens of the old one.
        return { type: auth.type, client: auth, holder: webhook.definition };
      case 'resolver': {
        const { resolveToken } = this.#directory.functions(webhook);
        const need = { webhookId: webhook.id, tenantId, event: sourceEventOf(event, tenantId) };
        return {
          type: auth.type,
          resolve: () => this.#watched(webhook, () => resolveToken?.(need)),
        };
      }
      case 'none':
      case 'basic':
      case 'bearer':
        return auth;
    }
  }

  /**
   * Calls `resolve`. What it throws is thrown on, and told once of each webhook, and again after a change of it, by its
   * name alone: its message may hold a secret.
   */
  async #watched(webhook: Webhook, resolve: () => unknown): Promise<unknown> {
    try {
      return await resolve();
    } catch (error) {
      if (!this.#failed.has(webhook.definition)) {
        this.#failed.add(webhook.definition);
        const what = `the token resolver of webhook ${webhook.id} failed (${nameOf(error)})`;
        this.#logger.warn(`${what}: its deliveries wait`);
      }
      throw error;
    }
  }
}

function nameOf(error: unknown): string {
  const name = error instanceof Error ? error.name : typeof error;
  return /^\w{1,64}$/u.test(name) ? name : 'Error';
}
