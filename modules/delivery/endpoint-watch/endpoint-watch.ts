import { Logger } from '@nestjs/common';
import type { Subscription } from 'rxjs';
import type { Clock } from '../../kernel/index.js';
import type { WebhookDirectory } from '../../registry/index.js';
import type { EndpointCommand } from './endpoint.aggregate.js';
import type { EndpointStage } from '../endpoint.events.js';
import type { EndpointStanding, EndpointStandings } from '../endpoint-standing.port.js';

export interface EndpointWatchDependencies {
  readonly standings: EndpointStandings;
  readonly journal: { record(command: EndpointCommand): Promise<bigint | null> };
  readonly directory: Pick<WebhookDirectory, 'find'>;
  /** Disables the webhook because its endpoint fails; does nothing when it is disabled. */
  readonly disable: (webhookId: string) => Promise<unknown>;
  readonly clock: Clock;
  /** For how long every attempt has to have failed, in milliseconds; `null`: webhooks are not disabled for that. */
  readonly disableAfterMs: number | null;
}

/** What warnings are timed by where webhooks are never disabled. */
export const DEFAULT_DISABLE_AFTER_MS = 5 * 24 * 3_600_000;

/** At which parts of the time until a webhook is disabled something is said: after 1, 3 and 4 of 5 days. */
const WARNING_PARTS = [1 / 5, 3 / 5, 4 / 5] as const;

/** The stage that a time of failing has reached; 0: nothing is to be said yet. */
export function stageOf(failingMs: number, disableAfterMs: number | null): EndpointStage | 0 {
  const all = disableAfterMs ?? DEFAULT_DISABLE_AFTER_MS;
  if (disableAfterMs !== null && failingMs >= all) return 4;
  const reached = WARNING_PARTS.filter((part) => failingMs >= part * all).length;
  return reached as EndpointStage | 0;
}

/**
 * Says when an endpoint fails, again as it goes on, and when it has recovered; and disables its webhook once every
 * attempt has failed for long enough.
 *
 * What counts is what is recorded: the time from the first failed attempt to the last one, by the clock of the event store.
 * An endpoint that is not asked does not go on to fail, and nothing is timed here. Every instance sees the same log, so each
 * stage is recorded once, by whichever is first, and survives any restart: what was left undone is found at the next start,
 * or with the next attempt that fails.
 *
 * Before a webhook is disabled, that it is about to be is recorded, and everything recorded before that is counted: an
 * attempt that had succeeded by then, on whatever instance, keeps it enabled.
 */
export class EndpointWatch {
  readonly #logger = new Logger('EndpointWatch');
  readonly #dependencies: EndpointWatchDependencies;
  /** Webhooks that are looked at; with what has come in since, if something has. */
  readonly #inHand = new Map<string, EndpointStanding | null>();
  #subscription: Subscription | undefined;
  #isStopped = false;

  constructor(dependencies: EndpointWatchDependencies) {
    this.#dependencies = dependencies;
  }

  /** Begins with all that fail by now. The standings have to follow the log by then. */
  async start(): Promise<void> {
    const { standings } = this.#dependencies;
    this.#subscription = standings.changes.subscribe((changed) => {
      for (const standing of changed) this.#look(standing);
    });
    for (const standing of await standings.failing()) this.#look(standing);
  }

  stop(): void {
    this.#isStopped = true;
    this.#subscription?.unsubscribe();
  }

  #look(standing: EndpointStanding): void {
    if (this.#isStopped || !this.#isNews(standing)) return;
    const { webhookId } = standing;
    if (this.#inHand.has(webhookId)) {
      this.#inHand.set(webhookId, standing);
      return;
    }
    this.#inHand.set(webhookId, null);
    this.#consider(standing)
      .catch((error: unknown) => {
        // The next attempt that fails, or the next start, meets the same.
        if (this.#isStopped) return;
        this.#logger.warn(`how webhook ${webhookId} fares is not recorded: ${String(error)}`);
      })
      .finally(() => {
        const next = this.#inHand.get(webhookId);
        this.#inHand.delete(webhookId);
        if (next) this.#look(next);
      });
  }

  /** Whether there may be something to say: most of what fails has said so long ago. */
  #isNews(standing: EndpointStanding): boolean {
    if (standing.failingSince === null) return standing.warnedSince !== null;
    const stage = this.#stage(standing);
    const said = standing.warnedSince === standing.failingSince ? standing.warnedStage : 0;
    return stage === 4 || stage > said;
  }

  async #consider(standing: EndpointStanding): Promise<void> {
    const { clock, directory, disableAfterMs, journal } = this.#dependencies;
    const { failingSince, failureCount, lastFailureAt, warnedSince, webhookId } = standing;
    if (failingSince === null) {
      if (warnedSince === null) return;
      const now = clock.now();
      await journal.record({ kind: 'recover', webhookId, failingSince: warnedSince, now });
      return;
    }
    if (directory.find(webhookId)?.status !== 'active') return;
    const stage = this.#stage(standing);
    if (stage === 0) return;
    const position = await journal.record({
      kind: 'warn',
      webhookId,
      stage,
      failingSince,
      lastFailureAt: lastFailureAt ?? failingSince,
      failureCount,
      disablesAt: disableAfterMs === null ? null : failingSince + disableAfterMs,
      now: clock.now(),
    });
    if (stage === 4) await this.#disable(webhookId, failingSince, position);
  }

  async #disable(webhookId: string, failingSince: number, position: bigint | null): Promise<void> {
    const { disable, standings } = this.#dependencies;
    const standing = await standings.standingOf(webhookId, position);
    if (standing?.failingSince !== failingSince || this.#isStopped) return;
    const since = new Date(failingSince).toISOString();
    this.#logger.warn(
      `every attempt for webhook ${webhookId} has failed since ${since}: it is disabled`,
    );
    await disable(webhookId);
  }

  #stage({ failingSince, lastFailureAt }: EndpointStanding): EndpointStage | 0 {
    if (failingSince === null || lastFailureAt === null) return 0;
    return stageOf(lastFailureAt - failingSince, this.#dependencies.disableAfterMs);
  }
}
