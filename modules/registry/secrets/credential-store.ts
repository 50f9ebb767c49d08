import { type Clock, PosthornError } from '../../kernel/index.js';
import type { DeclaredWebhooks } from '../declaration/declared-webhooks.js';
import { isKnownAuth, mapAuth, secretsOfAuth } from '../definition/auth-mapping.js';
import { hasCodeSecrets, SECRET_FIELDS } from '../definition/definition-secrets.js';
import { isKnownSigning, signingOf } from '../definition/signing-policy.js';
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
  readonly #declared: DeclaredWebhooks;
  readonly #clock: Clock;
  readonly #opened = new Map<string, OpenedCredentials>();

  constructor(keeper: VaultKeeper, declared: DeclaredWebhooks, clock: Clock) {
    this.#keeper = keeper;
    this.#declared = declared;
    this.#clock = clock;
  }

  /** The digest of the definition whose code is needed to send for the webhook and not here; else `null`. */
  missingCode(webhook: Webhook): string | null {
    const { definition, digest, id } = webhook;
    const isKnown = isKnownAuth(definition.auth) && isKnownSigning(signingOf(definition));
    const isHere = !hasCodeSecrets(definition) || this.#declared.find(id, digest) !== undefined;
    return isKnown && isHere ? null : digest;
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
    if (this.missingCode(webhook) !== null) throw codeMissing(webhook.id);
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
  #secretsInCode({ id, digest }: Webhook): ReadonlyMap<string, string> {
    const draft = this.#declared.find(id, digest)?.draft;
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

function codeMissing(webhookId: string): PosthornError {
  return new PosthornError(
    'PSH_REGISTRY_CODE_MISSING',
    `this instance does not hold the code of webhook "${webhookId}"`,
  );
}

function keyOf(field: string, fingerprint: string): string {
  return `${field} ${fingerprint}`;
}
