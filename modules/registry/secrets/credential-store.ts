import type { Clock } from '../../kernel/index.js';
import { codeMissing, type WebhookCode } from '../declaration/webhook-code.js';
import { mapAuth, secretsOfAuth } from '../definition/auth-mapping.js';
import { SECRET_FIELDS } from '../definition/definition-secrets.js';
import { mapTls } from '../definition/tls-mapping.js';
import type { WebhookDraft } from '../definition/webhook-draft.js';
import { kindOf } from '../definition/signing-policy.js';
import { endOf } from '../signing-keys.js';
import type { AuthOf, StoredSecret, TlsOf } from '../webhook.events.js';
import type { Webhook, WebhookCredentials } from '../webhook.js';
import { hasReferences, ReferredSecrets } from './referred-secrets.js';
import type { VaultKeeper } from './vault-keeper.js';

interface OpenedCredentials {
  readonly webhook: Webhook;
  readonly signingSecrets: readonly { readonly clear: string; readonly expiresAt: number }[];
  readonly auth: AuthOf<string>;
  readonly tls: TlsOf<string> | null;
  readonly headers: Readonly<Record<string, string>>;
}

/** Opens what webhooks are sent with, and holds it open for as long as the webhook stays as it is. */
export class CredentialStore {
  readonly #keeper: VaultKeeper;
  readonly #code: WebhookCode;
  readonly #clock: Clock;
  readonly #referred: ReferredSecrets;
  readonly #opened = new Map<string, OpenedCredentials>();

  constructor(
    keeper: VaultKeeper,
    code: WebhookCode,
    clock: Clock,
    referred = new ReferredSecrets(undefined, clock),
  ) {
    this.#referred = referred;
    this.#keeper = keeper;
    this.#code = code;
    this.#clock = clock;
  }

  /**
   * Looks up the secrets that the webhook refers to; `credentials` opens all but these. @returns `undefined` when there is
   * nothing to wait for
   *
   * @throws PosthornError `PSH_REGISTRY_SECRET_UNAVAILABLE`, as a rejection
   */
  resolveSecrets(webhook: Webhook): Promise<void> | undefined {
    return this.#referred.resolve(webhook);
  }

  /** The endpoint refused the credentials. @returns whether newer ones may be found, so that it is worth an attempt */
  renewSecrets(webhookId: string): boolean {
    return this.#referred.renew(webhookId);
  }

  /**
   * The clear-text credentials of the webhook; signing secrets whose overlap is over are left out.
   *
   * @throws PosthornError `PSH_REGISTRY_CODE_MISSING`, `PSH_REGISTRY_UNKNOWN_KEY`, `PSH_REGISTRY_WRONG_KEY`;
   *   `PSH_REGISTRY_SECRET_UNAVAILABLE` when it refers to what was not looked up
   */
  credentials(webhook: Webhook): WebhookCredentials {
    let opened = this.#opened.get(webhook.id);
    if (opened?.webhook !== webhook) {
      opened = this.#open(webhook);
      // What is looked up changes without the webhook.
      if (!hasReferences(webhook)) this.#opened.set(webhook.id, opened);
    }
    const now = this.#clock.now();
    const { auth, headers, signingSecrets, tls } = opened;
    const valid = signingSecrets.filter(({ expiresAt }) => expiresAt > now);
    return { auth, tls, headers, signingSecrets: valid.map(({ clear }) => clear) };
  }

  /** Forgets what was opened for the webhook. */
  forget(webhookId: string): void {
    this.#opened.delete(webhookId);
    this.#referred.forget(webhookId);
  }

  /**
   * The newest shared signing secret in clear; `null` where there is none, and of one that is kept elsewhere: who may see
   * it is for the vault to say.
   *
   * @throws PosthornError `PSH_REGISTRY_CODE_MISSING`, `PSH_REGISTRY_UNKNOWN_KEY`, `PSH_REGISTRY_WRONG_KEY`
   */
  sharedSecret(webhook: Webhook): string | null {
    const now = this.#clock.now();
    const newest = webhook.definition.signingSecrets.find(
      (one) => kindOf(one) === 'symmetric' && one.kind !== 'reference' && endOf(one) > now,
    );
    return newest ? this.#opener(webhook)(newest, SECRET_FIELDS.signingSecret) : null;
  }

  #open(webhook: Webhook): OpenedCredentials {
    const { headers, auth, signingSecrets, tls } = webhook.definition;
    const open = this.#opener(webhook);
    return {
      webhook,
      signingSecrets: signingSecrets.map((secret) => ({
        clear: open(secret, SECRET_FIELDS.signingSecret),
        expiresAt: endOf(secret),
      })),
      auth: mapAuth(auth, open),
      tls: tls ? mapTls(tls, open) : null,
      headers: Object.fromEntries(
        Object.entries(headers).map(([name, value]) => [
          name,
          typeof value === 'string' ? value : open(value, SECRET_FIELDS.header(name)),
        ]),
      ),
    };
  }

  /** Opens the secrets of a webhook. */
  #opener(webhook: Webhook): (secret: StoredSecret, field: string) => string {
    const inCode = this.#secretsInCode(webhook);
    return (secret, field) => {
      if (secret.kind === 'encrypted') {
        return this.#keeper.vault.decrypt(secret, { webhookId: webhook.id, field });
      }
      if (secret.kind === 'reference') return this.#referred.reveal(webhook.id, field, secret);
      const clear = inCode.get(keyOf(field, secret.fingerprint));
      if (clear === undefined) throw codeMissing(webhook.id);
      return clear;
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
    ...secretsOfTls(draft),
    ...[...secretsOfAuth(draft.auth)].map(([field, secret]) => [field, secret.reveal()] as const),
  ];
}

function secretsOfTls({ tls }: WebhookDraft): readonly (readonly [string, string])[] {
  const found: [string, string][] = [];
  mapTls(tls, (key, field) => found.push([field, key.reveal()]));
  return found;
}

function keyOf(field: string, fingerprint: string): string {
  return `${field} ${fingerprint}`;
}
