import { Logger } from '@nestjs/common';
import type { CancelTimer, Clock } from '../kernel/index.js';
import type { Webhook } from '../registry/index.js';
import { Agenda } from './agenda.js';
import type { DueAttemptEnd } from './due-attempt.js';
import type { DueChange, DueDelivery } from './due-deliveries.port.js';
import type { DueShare } from './due-share.js';
import { type LaneKey, laneKeyOf } from './lane-key.js';
import type { Lanes } from './lanes.js';
import type { WorkInHand } from './work-in-hand.js';

export interface DuePumpDependencies {
  readonly share: DueShare;
  readonly lanes: Lanes;
  readonly clock: Clock;
  readonly inHand: WorkInHand;
  /** Resolves when every change of a webhook that was recorded before is known here. */
  readonly refresh: () => Promise<void>;
  readonly findWebhook: (webhookId: string) => Webhook | undefined;
  /** Whether the deliveries of the webhook have to wait; they go on with its next change. */
  readonly isHeld: (webhook: Webhook) => boolean;
  /** Makes the attempt and settles what it came to; never rejects. */
  readonly attempt: (webhookId: string, deliveryId: string) => Promise<DueAttemptEnd['kind']>;
}

/** Pause before something that could not be done is looked at again. */
export const LOOK_AGAIN_MS = 5_000;
/** While this many tasks wait for a place, no more pages are read: memory stays bounded whatever is due. */
const MOST_WAITING = 4_096;

/**
 * Takes one share of what is due from the index to the lanes: at its time, webhook by webhook, and no more at a time than
 * the lane of the webhook has room for. So a webhook that hangs, or is paused, holds back nobody.
 */
export class DuePump {
  readonly #logger = new Logger('Scheduler');
  readonly #dependencies: DuePumpDependencies;
  /** When each webhook is to be looked at, in epoch milliseconds. */
  readonly #agenda = new Agenda();
  /** Webhooks of which a page is being read; `true` when it has to be read once more after that. */
  readonly #reading = new Map<string, boolean>();
  /** Webhooks that may have more due than their lanes had room for. */
  readonly #waitingForRoom = new Set<string>();
  /** How often this instance met another one, by webhook. */
  readonly #rounds = new Map<string, number>();
  #cancelTimer: CancelTimer | undefined;
  #isStopped = false;

  constructor(dependencies: DuePumpDependencies) {
    this.#dependencies = dependencies;
  }

  /** Takes in what changed in the index. */
  changed(changes: readonly DueChange[]): void {
    for (const change of changes) {
      const lookAt = this.#dependencies.share.lookAt(change);
      if (lookAt !== undefined) this.#agenda.set(change.webhookId, lookAt);
    }
    this.#tick();
  }

  /** An instance was seen to claim a delivery. */
  seen(instance: string): void {
    this.#dependencies.share.seen(instance);
  }

  /** Whatever was known of the webhook: looks at it again. */
  webhookChanged(webhookId: string): void {
    this.#dependencies.share.webhookChanged(webhookId);
    this.look(webhookId, 0);
  }

  /** Looks at the webhook after a while, unless it is looked at earlier. */
  look(webhookId: string, delayMs: number): void {
    this.#agenda.set(webhookId, this.#dependencies.clock.now() + delayMs);
    this.#tick();
  }

  /** A place was freed in the lane of this webhook. */
  roomAt(webhookId: string): void {
    if (this.#isStopped) return;
    if (this.#waitingForRoom.delete(webhookId)) {
      void this.#pump(webhookId);
      return;
    }
    // A place was freed, not in a lane that waits for one: whoever waited for the memory bound may go on.
    const next = this.#waitingForRoom.values().next();
    if (next.done || this.#dependencies.lanes.waiting >= MOST_WAITING) return;
    this.#waitingForRoom.delete(next.value);
    void this.#pump(next.value);
  }

  /** Reads nothing more. */
  stop(): void {
    this.#isStopped = true;
    this.#cancelTimer?.();
  }

  #tick(): void {
    if (this.#isStopped) return;
    const { clock } = this.#dependencies;
    for (let id = this.#agenda.take(clock.now()); id; id = this.#agenda.take(clock.now())) {
      void this.#pump(id);
    }
    this.#cancelTimer?.();
    const next = this.#agenda.earliest;
    if (next === undefined) return;
    this.#cancelTimer = clock.setTimer(() => {
      this.#tick();
    }, next - clock.now());
  }

  async #pump(webhookId: string): Promise<void> {
    if (this.#reading.has(webhookId)) {
      this.#reading.set(webhookId, true);
      return;
    }
    this.#reading.set(webhookId, false);
    try {
      await this.#readPage(webhookId);
    } catch (error) {
      this.#logger.warn(`due deliveries of ${webhookId} cannot be read: ${String(error)}`);
      this.look(webhookId, LOOK_AGAIN_MS);
    }
    const isAskedAgain = this.#reading.get(webhookId) === true;
    this.#reading.delete(webhookId);
    if (isAskedAgain && !this.#isStopped) void this.#pump(webhookId);
  }

  async #readPage(webhookId: string): Promise<void> {
    const { findWebhook, inHand, isHeld, lanes, refresh, share } = this.#dependencies;
    await refresh();
    const webhook = findWebhook(webhookId);
    if (webhook && isHeld(webhook)) return;
    const key = laneKeyOf(webhookId, webhook);
    const room = lanes.waiting >= MOST_WAITING ? 0 : lanes.backlogRoom(key);
    if (room === 0) {
      this.#waitingForRoom.add(webhookId);
      return;
    }
    const page = await share.read(webhookId, room, inHand.of(webhookId));
    for (const row of page.deliveries) this.#offer(key, row);
    if (page.isMore) this.#waitingForRoom.add(webhookId);
    else if (page.nextLookAt !== undefined) {
      this.#agenda.set(webhookId, page.nextLookAt);
      this.#tick();
    }
  }

  #collided(webhookId: string): void {
    if (!this.#dependencies.share.collided(webhookId)) return;
    this.#rounds.set(webhookId, this.#roundOf(webhookId) + 1);
    this.look(webhookId, 0);
  }

  /** Deliveries that were read before the last collision are of an earlier round. */
  #roundOf(webhookId: string): number {
    return this.#rounds.get(webhookId) ?? 0;
  }

  #offer(key: LaneKey, { webhookId, deliveryId }: DueDelivery): void {
    const { attempt, inHand, lanes } = this.#dependencies;
    // The other share, or a lapsed claim, may have taken it while the page was read.
    if (!inHand.take(webhookId, deliveryId)) return;
    const round = this.#roundOf(webhookId);
    const run = async (): Promise<void> => {
      // Whoever was quicker with one delivery is likely to be so with those beside it.
      if (round !== this.#roundOf(webhookId)) inHand.release(webhookId, deliveryId);
      else if ((await attempt(webhookId, deliveryId)) === 'overtaken') this.#collided(webhookId);
    };
    if (lanes.offer(key, { run }, 'backlog')) return;
    inHand.release(webhookId, deliveryId);
    this.#waitingForRoom.add(webhookId);
  }
}
