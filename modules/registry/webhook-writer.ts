import { fold, PosthornError } from '../kernel/index.js';
import { webhookDecider } from './aggregate/webhook.aggregate.js';
import type { WebhookDecision } from './aggregate/webhook.commands.js';
import type { WebhookState } from './aggregate/webhook-state.js';
import { atMost } from './directory/bounded-work.js';
import type { CommandDeadline } from './directory/command-deadline.js';
import type { RegistryDirectory } from './directory/registry-directory.js';
import type { RegistryLog } from './directory/registry-log.js';
import type { Webhook } from './webhook.js';
import type { WebhookEvent } from './webhook.events.js';

/** What a command came to. */
export interface CommandResult {
  readonly webhook: Webhook;
  /** Position in the log at which the webhook became what it is: events above it are matched against that. */
  readonly position: bigint;
  /** False when the webhook was so already, and nothing was recorded. */
  readonly isChanged: boolean;
}

/** An event that was recorded on a webhook's stream, published on the `EventBus` of this process once it is in effect. */
export class WebhookRecorded {
  constructor(
    readonly webhookId: string,
    readonly event: WebhookEvent,
  ) {}
}

export interface ExecuteOptions {
  /** Refuses when the webhook is at another revision (`If-Match`). */
  readonly expectedRevision?: bigint;
}

interface WriterOptions {
  readonly log: RegistryLog;
  readonly directory: RegistryDirectory;
  readonly deadline: CommandDeadline;
  readonly publish: (recorded: WebhookRecorded) => void;
}

interface Loaded {
  readonly state: WebhookState;
  readonly revision: bigint;
}

/** How often a command is decided again because another one came first. */
const MAX_TRIES = 16;
const HEALED_AT_ONCE = 16;

/**
 * The one way in which a webhook changes: load, decide, append to its stream with expected revision, append the pointer
 * to the registry, and resolve after both.
 *
 * A crash between the two appends leaves a stream ahead of its pointers. Whoever loads it next appends the missing
 * pointer; a pointer that two instances append is applied once.
 */
export class WebhookWriter {
  readonly #options: WriterOptions;

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  /**
   * Decides and records.
   *
   * @throws PosthornError what the decision refuses; `PSH_REGISTRY_REVISION_MISMATCH`, `PSH_REGISTRY_CONTENDED`,
   *   `PSH_REGISTRY_UNAVAILABLE`, `PSH_REGISTRY_OUTCOME_UNKNOWN`
   */
  async execute(
    webhookId: string,
    decision: WebhookDecision,
    options: ExecuteOptions = {},
  ): Promise<CommandResult> {
    const events = await this.#options.deadline.within((signal) =>
      this.#record(webhookId, decision, options, signal),
    );
    const { webhook, position } = this.#options.directory.entry(webhookId);
    if (!webhook) {
      throw new PosthornError('PSH_REGISTRY_NOT_FOUND', `there is no webhook "${webhookId}"`);
    }
    for (const event of events) this.#options.publish(new WebhookRecorded(webhookId, event));
    return { webhook, position, isChanged: events.length > 0 };
  }

  /**
   * Appends the missing pointer of every webhook whose stream is ahead of the registry: what a crash between the two
   * appends of a command left behind.
   *
   * @param webhookIds ids that have, or may have, a stream
   * @throws PosthornError `PSH_REGISTRY_UNAVAILABLE`, `PSH_REGISTRY_OUTCOME_UNKNOWN`
   */
  async heal(webhookIds: Iterable<string>): Promise<void> {
    const { log, directory, deadline } = this.#options;
    await deadline.within(async (signal) => {
      await directory.barrier();
      await atMost(HEALED_AT_ONCE, webhookIds, async (webhookId) => {
        const last = await log.lastRevision(webhookId);
        if (last > directory.entry(webhookId).revision) {
          await log.appendPointer(webhookId, last, signal);
        }
      });
      await directory.barrier();
    });
  }

  async #record(
    webhookId: string,
    decision: WebhookDecision,
    { expectedRevision }: ExecuteOptions,
    signal: AbortSignal,
  ): Promise<readonly WebhookEvent[]> {
    const { log, directory } = this.#options;
    for (let tries = 1; tries <= MAX_TRIES; tries++) {
      const { state, revision } = await this.#load(webhookId, signal);
      if (expectedRevision !== undefined && expectedRevision !== revision) {
        throw new PosthornError(
          'PSH_REGISTRY_REVISION_MISMATCH',
          `the webhook "${webhookId}" is at revision ${revision.toString()}, not ${expectedRevision.toString()}`,
        );
      }
      const events = webhookDecider(webhookId).decide(decision, state);
      if (events.length === 0) return events;
      const appended = await log.appendDecided(webhookId, events, revision, signal);
      if (appended === 'conflict') continue;
      await log.appendPointer(webhookId, appended, signal);
      await directory.barrier();
      return events;
    }
    throw new PosthornError(
      'PSH_REGISTRY_CONTENDED',
      `the webhook "${webhookId}" changed ${MAX_TRIES} times while the command was decided`,
    );
  }

  /** The webhook as its stream tells, after its pointers have caught up with it. */
  async #load(webhookId: string, signal: AbortSignal): Promise<Loaded> {
    const { log, directory } = this.#options;
    await directory.barrier();
    const { state, revision } = directory.entry(webhookId);
    const ahead = await log.webhookEvents(webhookId, revision + 1n);
    const last = ahead.at(-1);
    if (!last) return { state, revision };
    await log.appendPointer(webhookId, last.revision, signal);
    await directory.barrier();
    const events = ahead.flatMap(({ event }) => event ?? []);
    return { state: fold(webhookDecider(webhookId), events, state), revision: last.revision };
  }
}
