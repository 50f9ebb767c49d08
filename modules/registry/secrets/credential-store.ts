import type { Clock } from '../../kernel/index.js';
import { codeMissing, type WebhookCode } from '../declaration/webhook-code.js';
import { mapAuth, secretsOfAuth } from '../definition/auth-mapping.js';
import { SECRET_FIELDS } from '../definition/definition-secrets.js';
import type { WebhookDraft } from '../definition/webhook-draft.js';
import { endOf } from '../signing-keys.js';
import type { AuthOf, StoredSecret } from '../webhook.events.js';
import type { Webhook, WebhookCredentials } from '../webhook.js';
import type { VaultKeeper } from './vault-keeper.js';

interface OpenedCredentials {
  readonly webhook: Webhook;
  readonly signingSecrets: readonly { readonly clear: string; readonly expiresAt: number }[];
  readonly auth: AuthOf<string>;
  readonly headers: Readonly<Record<string, string>>;
}

/** Opens what webhooks are sent with, and holds it open for as long as the webhook stays as it is. */
export class CredentialStore {
  readonly #keeper: VaultKeeper;
  readonly #code: WebhookCode;
  readonly #clock: Clock;
  readonly #opened = new Map<string, OpenedCredentials>();

  constructor(keeper: VaultKeeper, code: WebhookCode, clock: Clock) {
    this.#keeper = keeper;
    this.#code = code;
    this.#clock = clock;
  }

  /**
   * The clear-text credentials of the webhook; signing secrets whose overlap is over are left out.
   *
   * @throws PosthornError `PSH_REGISTRY_CODE_MISSING`, `PSH_REGISTRY_UNKNOWN_KEY`, `PSH_REGISTRY_WRONG_KEY`
   */
  credentials(webhook: Webhook): WebhookCredentials {
    let opened = this.#opened.get(webhook.id);
    if (opened?.webhook !== webhook) {
      opened = this.#open(webhook);
      this.#opened.set(webhook.id, opened);
    }
    const now = this.#clock.now();
    const { auth, headers, signingSecrets } = opened;
    const valid = signingSecrets.filter(({ expiresAt }) => expiresAt > now);
    return { auth, headers, signingSecrets: valid.map(({ clear }) => clear) };
  }

  /** Forgets what was opened for the webhook. */
  forget(webhookId: string): void {
    this.#opened.delete(webhookId);
  }

  #open(webhook: Webhook): OpenedCredentials {
    const { headers, auth, signingSecrets } = webhook.definition;
    const inCode = this.#secretsInCode(webhook);
    const open = (secret: StoredSecret, field: string): string => {
      if (secret.kind === 'encrypted') {
        return this.#keeper.vault.decrypt(secret, { webhookId: webhook.id, field });
      }
      const clear = inCode.get(keyOf(field, secret.fingerprint));
      if (clear === undefined) throw codeMissing(webhook.id);
      return clear;
    };
    return {
      webhook,
      signingSecrets: signingSecrets.map((secret) => ({
        clear: open(secret, SECRET_FIELDS.signingSecret),
        expiresAt: endOf(secret),
      })),
      auth: mapAuth(auth, open),
      headers: Object.fromEntries(
        Object.entries(headers).map(([name, value]) => [
          name,
          typeof value === 'string' ? value : open(value, SECRET_FIELDS.header(name)),
        ]),
      ),
    };
  }

  /** The secrets that the code of this instance holds for the webhook, by field and fingerprint. */
  #secretsInCode(webhook: Webhook): ReadonlyMap<string, string> {
    const { id } = webhook;
    const draft = this.#code.draftOf(webhook);
    const secrets = draft ? secretsOf(draft) : [];
    return new Map(
      secrets.map(([field, clear]) => {
        const fingerprint = this.#keeper.vault.fingerprint(clear, { webhookId: id, field });
        return [keyOf(field, fingerprint), clear];
      }),
    );
  }
}

function secretsOf(draft: WebhookDraft): readonly (readonly [field: string, clear: string])[] {
  return [
    ...draft.signingSecrets.map(
      (secret) => [SECRET_FIELDS.signingSecret, secret.reveal()] as const,
    ),
    ...Object.entries(draft.headers).flatMap(([name, value]) =>
      typeof value === 'string' ? [] : [[SECRET_FIELDS.header(name), value.reveal()] as const],
    ),
    ...[...secretsOfAuth(draft.auth)].map(([field, secret]) => [field, secret.reveal()] as const),
  ];
}

function keyOf(field: string, fingerprint: string): string {
  return `${field} ${fingerprint}`;
}
