import {
  type BeforeApplicationShutdown,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import {
  type CancelTimer,
  type Clock,
  type ErrorCode,
  isPosthornError,
  PosthornError,
} from '../kernel/index.js';
import { type DefinedWebhook, defineAll } from './declaration/declaration-reader.js';
import type { WebhookDiscovery } from './declaration/webhook-discovery.js';
import type { DefinitionRules } from './definition/definition-rules.js';
import type { CommandDeadline } from './directory/command-deadline.js';
import type { RegistryDirectory } from './directory/registry-directory.js';
import type { RegistryFollower } from './directory/registry-follower.js';
import type { KeyUsage } from './secrets/key-usage.js';
import type { Resealer } from './secrets/resealer.js';
import type { VaultKeeper } from './secrets/vault-keeper.js';
import type { WebhookRegistrar } from './webhook-registrar.js';

/** After these the same registration may succeed; any other error is a matter for the people who run the application. */
const PASSING: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'PSH_REGISTRY_UNAVAILABLE',
  'PSH_REGISTRY_OUTCOME_UNKNOWN',
  'PSH_REGISTRY_CONTENDED',
]);

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 30_000;
const NAMED_WEBHOOKS = 20;

interface BootstrapParts {
  readonly discovery: WebhookDiscovery;
  readonly rules: DefinitionRules;
  readonly registrar: WebhookRegistrar;
  readonly keeper: VaultKeeper;
  readonly usage: KeyUsage;
  readonly resealer: Resealer;
  readonly directory: RegistryDirectory;
  readonly follower: RegistryFollower;
  readonly deadline: CommandDeadline;
  readonly clock: Clock;
  readonly release: number | null;
  /** Whether other instances may run on the same event store, perhaps with other code. */
  readonly isShared: boolean;
}

/**
 * Brings the registry up when the application starts: opens the vault, fills the directory, follows the registry, and
 * registers what is declared in code.
 *
 * Mistakes (a wrong key, a bad definition, an id twice) fail the start, because trying again would not help. When the
 * event store cannot be reached the application starts all the same, not ready, and this goes on trying.
 */
export class RegistryBootstrap
  implements OnApplicationBootstrap, OnModuleDestroy, BeforeApplicationShutdown
{
  /**
   * Resolves when everything that is declared has been registered. Rejects with what no further try would mend, and with
   * `PSH_REGISTRY_UNAVAILABLE` when the application ends before.
   */
  readonly registrationCompleted: Promise<void>;
  readonly #parts: BootstrapParts;
  readonly #logger = new Logger('Registry');
  #complete!: () => void;
  #fail!: (error: unknown) => void;
  #cancelRetry: CancelTimer | undefined;
  #failures = 0;
  #isReady = false;
  /** Webhooks that had secrets under keys which this instance lacks when it started. */
  #lockedAtStart: readonly string[] = [];
  #isEnding = false;

  constructor(parts: BootstrapParts) {
    this.#parts = parts;
    this.registrationCompleted = new Promise((resolve, reject) => {
      this.#complete = resolve;
      this.#fail = reject;
    });
    // whoever waits for it is told; that nobody does is no reason to end the process
    this.registrationCompleted.catch(() => undefined);
  }

  /**
   * Whether everything that is declared has been registered, and no webhook is left whose secrets this instance could
   * not decrypt when it started: a deployment that drops a key too early stops here.
   */
  get isReady(): boolean {
    const { missing } = this.#parts.usage;
    return this.#isReady && !this.#lockedAtStart.some((webhookId) => missing.has(webhookId));
  }

  /** The webhooks that have secrets under encryption keys which this instance lacks, and the ids of these keys. */
  get missingKeys(): {
    readonly webhookIds: readonly string[];
    readonly keyIds: readonly string[];
  } {
    const { missing } = this.#parts.usage;
    const keyIds = new Set([...missing.values()].flat());
    return { webhookIds: [...missing.keys()].sort(), keyIds: [...keyIds].sort() };
  }

  /**
   * Defines and registers; returns after the first try.
   *
   * @throws PosthornError what trying again would not mend
   */
  async onApplicationBootstrap(): Promise<void> {
    try {
      const { discovery, rules } = this.#parts;
      const defined = await defineAll(discovery.discover(), rules);
      this.#warnOfMissingRelease(defined);
      await this.#try(defined);
    } catch (error) {
      this.#fail(error);
      throw error;
    }
  }

  onModuleDestroy(): void {
    this.#isEnding = true;
    this.#parts.resealer.stop();
    this.#cancelRetry?.();
    this.#fail(new PosthornError('PSH_REGISTRY_UNAVAILABLE', 'the application ends'));
  }

  /** The event store closes in the hook after this one. */
  async beforeApplicationShutdown(): Promise<void> {
    this.#parts.deadline.stop();
    await this.#parts.follower.stop();
  }

  /** Without a release, instances that run different code would each, when they start, undo what the others declare. */
  #warnOfMissingRelease(defined: readonly DefinedWebhook[]): void {
    const { isShared, release } = this.#parts;
    const unversioned = defined.filter(({ declaration }) => !(declaration.release ?? release));
    if (!isShared || unversioned.length === 0) return;
    const ids = unversioned.map(({ declaration }) => declaration.id).join(', ');
    this.#logger.warn(
      `declared webhooks have no release, so the instance that starts last decides what they are: ${ids}. ` +
        'Set POSTHORN_RELEASE to a number that grows with each deploy.',
    );
  }

  async #try(defined: readonly DefinedWebhook[]): Promise<void> {
    const { keeper, directory, follower, registrar, resealer } = this.#parts;
    try {
      await keeper.open();
      await directory.barrier();
      if (this.#isEnding) return;
      follower.start();
      await registrar.registerAllDeclared(defined);
    } catch (error) {
      if (!isPassing(error)) throw error;
      this.#retryLater(defined, error);
      return;
    }
    this.#reportMissingKeys();
    this.#isReady = true;
    this.#complete();
    resealer.start();
    this.#logger.log(`registered ${defined.length} declared webhooks`);
  }

  #reportMissingKeys(): void {
    const { webhookIds, keyIds } = this.missingKeys;
    this.#lockedAtStart = webhookIds;
    if (webhookIds.length === 0) return;
    const named = webhookIds.slice(0, NAMED_WEBHOOKS).join(', ');
    this.#logger.error(
      `PSH_REGISTRY_UNKNOWN_KEY: the key ring lacks the keys ${keyIds.join(', ')}, with which secrets of ` +
        `${webhookIds.length} webhooks are encrypted: ${named}. Their deliveries wait, and this instance is not ` +
        'ready. Configure these keys again, behind the current one, or give the webhooks new secrets.',
    );
  }

  #retryLater(defined: readonly DefinedWebhook[], error: Error): void {
    if (this.#isEnding) return;
    const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** this.#failures++, LONGEST_PAUSE_MS);
    this.#logger.warn(`not registered yet, trying again in ${pauseMs} ms: ${error.message}`);
    this.#cancelRetry = this.#parts.clock.setTimer(() => {
      this.#try(defined).catch((fatal: unknown) => {
        if (this.#isEnding) return;
        this.#logger.error('the declared webhooks cannot be registered', fatal);
        this.#fail(fatal);
      });
    }, pauseMs);
  }
}

function isPassing(error: unknown): error is PosthornError {
  return isPosthornError(error) && PASSING.has(error.code);
}
