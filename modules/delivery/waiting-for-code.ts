import { Logger } from '@nestjs/common';
import type { CancelTimer, Clock } from '../kernel/index.js';
import type { Webhook, WebhookDirectory } from '../registry/index.js';
import type { DueDeliveries } from './due-deliveries.port.js';

/** How long a delivery may wait for an instance with its code before that is reported, in milliseconds. */
const PATIENCE_MS = 30_000;

interface Met {
  isReported: boolean;
  /** When a claim of it was last found lapsed, in epoch milliseconds. */
  lapsedAt: number;
}

/**
 * Which webhooks have something due that waits for code which this instance does not hold, and which no other instance
 * took within a while. Each is reported once in the log, until it goes on.
 */
export class WaitingForCode {
  readonly #logger = new Logger('Scheduler');
  readonly #clock: Clock;
  readonly #due: Pick<DueDeliveries, 'page'>;
  readonly #directory: Pick<WebhookDirectory, 'find' | 'missingCode'>;
  /** Webhooks met whose code is not here. */
  readonly #met = new Map<string, Met>();
  #cancelTimer: CancelTimer | undefined;
  #isStopped = false;

  constructor(dependencies: {
    readonly clock: Clock;
    readonly due: Pick<DueDeliveries, 'page'>;
    readonly directory: Pick<WebhookDirectory, 'find' | 'missingCode'>;
  }) {
    this.#clock = dependencies.clock;
    this.#due = dependencies.due;
    this.#directory = dependencies.directory;
  }

  /** Ids of webhooks whose deliveries wait for code that no instance seems to hold. */
  get webhookIds(): readonly string[] {
    return [...this.#met].flatMap(([id, { isReported }]) => (isReported ? [id] : [])).sort();
  }

  /** Something of the webhook is due, or its claim has lapsed, and its code is not here. */
  meet(webhookId: string, isLapsed: boolean): void {
    const known = this.#met.get(webhookId);
    const met = known ?? { isReported: false, lapsedAt: -Infinity };
    if (isLapsed) met.lapsedAt = this.#clock.now();
    if (known) return;
    this.#met.set(webhookId, met);
    this.#checkLater();
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancelTimer?.();
  }

  #checkLater(): void {
    if (this.#isStopped || this.#cancelTimer) return;
    this.#cancelTimer = this.#clock.setTimer(() => {
      void this.#checkAll();
    }, PATIENCE_MS);
  }

  async #checkAll(): Promise<void> {
    for (const [id, met] of this.#met) {
      const webhook = this.#directory.find(id);
      const isMissing = webhook?.status === 'active' && this.#directory.missingCode(webhook);
      if (webhook && isMissing) await this.#check(webhook, met);
      else this.#met.delete(id);
    }
    this.#cancelTimer = undefined;
    if (this.#met.size > 0) this.#checkLater();
  }

  async #check({ id, digest }: Webhook, met: Met): Promise<void> {
    const waitsSince = this.#clock.now() - PATIENCE_MS;
    try {
      const [earliest] = await this.#due.page({ webhookId: id, limit: 1 });
      const isWaiting = met.lapsedAt >= waitsSince || (earliest?.dueAt ?? Infinity) <= waitsSince;
      if (isWaiting && !met.isReported) {
        this.#logger.warn(
          `deliveries of webhook ${id} wait for an instance that runs the code of its definition ${digest}`,
        );
      }
      met.isReported = isWaiting;
    } catch (error) {
      this.#logger.warn(`what waits for the code of webhook ${id} is unknown: ${String(error)}`);
    }
  }
}
