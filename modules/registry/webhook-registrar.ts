import type { Clock } from '../kernel/index.js';
import type { RegisterDecision } from './aggregate/webhook.commands.js';
import type { DeclaredWebhooks } from './declaration/declared-webhooks.js';
import type { DefinedWebhook } from './declaration/declaration-reader.js';
import {
  definitionDigest,
  recordOf,
  recordPatchOf,
  secretStore,
} from './definition/definition-record.js';
import { SECRET_FIELDS } from './definition/definition-secrets.js';
import { kindsOf } from './definition/signing-policy.js';
import type { PatchDraft, WebhookDraft } from './definition/webhook-draft.js';
import { atMost } from './directory/bounded-work.js';
import type { RegistryDirectory } from './directory/registry-directory.js';
import type { VanishedPolicy } from './registry.options.js';
import type { SecretVault } from './secrets/secret-vault.js';
import {
  generateSigningSecret,
  readSigningSecret,
  withPublicKey,
} from './secrets/signing-secret.js';
import type { VaultKeeper } from './secrets/vault-keeper.js';
import type { EncryptedSecret, SigningKind } from './webhook.events.js';
import type { CommandResult, ExecuteOptions, WebhookWriter } from './webhook-writer.js';

/** How long a replaced signing secret goes on to sign, unless it is said otherwise: 24 hours. */
export const DEFAULT_OVERLAP_MS = 24 * 3_600_000;

/** Who the audit trail names for what the code of the application decides by itself. */
const CODE = 'code';
const REGISTERED_AT_ONCE = 8;

interface RegistrarParts {
  readonly directory: RegistryDirectory;
  readonly writer: WebhookWriter;
  readonly keeper: VaultKeeper;
  readonly declared: DeclaredWebhooks;
  readonly clock: Clock;
  readonly release: number | null;
  readonly onVanished: VanishedPolicy;
}

/** Turns checked definitions into decisions: keeps their secrets in code, or encrypts them, before anything is recorded. */
export class WebhookRegistrar {
  readonly #parts: RegistrarParts;

  constructor(parts: RegistrarParts) {
    this.#parts = parts;
  }

  /** Registers a webhook owned by the API. */
  registerByApi(
    webhookId: string,
    draft: WebhookDraft,
    options: { readonly by: string; readonly mustBeNew: boolean },
  ): Promise<CommandResult> {
    return this.#register(webhookId, draft, {
      ...options,
      owner: 'api',
      release: null,
      isAdopting: false,
    });
  }

  /** Registers a webhook that a class declares. */
  registerDeclared({ id, draft, declaration }: DefinedWebhook): Promise<CommandResult> {
    return this.#register(id, draft, {
      by: CODE,
      mustBeNew: false,
      owner: 'code',
      release: declaration.release ?? this.#parts.release,
      isAdopting: declaration.isAdopting ?? false,
    });
  }

  /** Registers everything that is declared, and deals with what no longer is by policy. */
  async registerAllDeclared(defined: readonly DefinedWebhook[]): Promise<readonly CommandResult[]> {
    const results: CommandResult[] = [];
    await atMost(REGISTERED_AT_ONCE, defined.entries(), async ([index, webhook]) => {
      results[index] = await this.registerDeclared(webhook);
    });
    await this.#dismissVanished(new Set(defined.map(({ id }) => id)));
    return results;
  }

  /** Changes a webhook owned by the API. */
  async change(
    webhookId: string,
    draft: PatchDraft,
    options: ExecuteOptions & { readonly by: string },
  ): Promise<CommandResult> {
    const vault = await this.#parts.keeper.open();
    const patch = recordPatchOf(draft, secretStore(vault, webhookId, 'api'));
    const keys = draft.signing?.keys;
    const spare = keys === undefined ? [] : kindsOf({ keys }).map(generator(vault, webhookId));
    const { by } = options;
    const overlapMs = DEFAULT_OVERLAP_MS;
    return this.#parts.writer.execute(
      webhookId,
      { type: 'change', patch, spare, overlapMs, at: this.#now(), by },
      options,
    );
  }

  /**
   * Signs with `secret` from now on, or with generated ones, and beside them with what signed so far for the overlap.
   *
   * @param options `kind`: which keys are replaced, those of every kind in use by default
   */
  async rotateSecret(
    webhookId: string,
    options: ExecuteOptions & {
      readonly by: string;
      readonly overlapMs: number;
      readonly kind?: SigningKind;
      readonly secret?: string;
    },
  ): Promise<CommandResult> {
    const vault = await this.#parts.keeper.open();
    const { overlapMs, by, secret } = options;
    const given = secret === undefined ? undefined : readSigningSecret(secret)?.kind;
    const kind = given ?? options.kind ?? null;
    const kinds = kindsOf({ keys: kind ?? 'both' });
    const secrets =
      secret === undefined
        ? kinds.map(generator(vault, webhookId))
        : [encrypted(vault, webhookId, secret)];
    return this.#parts.writer.execute(
      webhookId,
      { type: 'rotate-secret', kind, secrets, overlapMs, at: this.#now(), by },
      options,
    );
  }

  async #register(
    webhookId: string,
    draft: WebhookDraft,
    options: Pick<RegisterDecision, 'by' | 'mustBeNew' | 'owner' | 'release' | 'isAdopting'>,
  ): Promise<CommandResult> {
    const { keeper, declared, writer } = this.#parts;
    const vault = await keeper.open();
    const store = secretStore(vault, webhookId, options.owner);
    const definition = recordOf(draft, store, generator(vault, webhookId));
    if (options.owner === 'code') {
      declared.declare(webhookId, { draft, digest: definitionDigest(definition) });
    }
    return writer.execute(webhookId, {
      type: 'register',
      ...options,
      definition,
      startFrom: draft.startFrom,
      overlapMs: DEFAULT_OVERLAP_MS,
      at: this.#now(),
    });
  }

  async #dismissVanished(declaredIds: ReadonlySet<string>): Promise<void> {
    const { onVanished: policy, directory, writer, release } = this.#parts;
    if (policy === 'keep') return;
    await directory.barrier();
    const vanished = directory
      .all()
      .filter(({ owner, id }) => owner === 'code' && !declaredIds.has(id));
    await atMost(REGISTERED_AT_ONCE, vanished, async ({ id }) => {
      await writer.execute(id, { type: 'vanish', policy, release, at: this.#now(), by: CODE });
    });
  }

  #now(): string {
    return new Date(this.#parts.clock.now()).toISOString();
  }
}

/** Generates signing secrets of a webhook. */
function generator(vault: SecretVault, webhookId: string): (kind: SigningKind) => EncryptedSecret {
  return (kind) => encrypted(vault, webhookId, generateSigningSecret(kind));
}

function encrypted(vault: SecretVault, webhookId: string, secret: string): EncryptedSecret {
  const field = SECRET_FIELDS.signingSecret;
  return withPublicKey(vault.encrypt(secret, { webhookId, field }), secret);
}
