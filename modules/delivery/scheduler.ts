import { Logger } from '@nestjs/common';
import type { Subscription } from 'rxjs';
import type { CancelTimer, Clock } from '../kernel/index.js';
import type { Webhook, WebhookDirectory } from '../registry/index.js';
import { ClaimWatch, type WatchedClaim } from './claim-watch.js';
import { type DueAttemptEnd, type DueAttemptTools, makeDueAttempt } from './due-attempt.js';
import type { DueDeliveries, DueDelivery } from './due-deliveries.port.js';
import { DueHeap } from './due-heap.js';
import type { LaneKey, Lanes } from './lanes.js';
import { WorkInHand } from './work-in-hand.js';

export interface SchedulerDependencies {
  readonly tools: DueAttemptTools;
  readonly due: DueDeliveries;
  readonly directory: WebhookDirectory;
  readonly lanes: Lanes;
  readonly clock: Clock;
  /** Whether every claim of another instance was made by a process that is gone. */
  readonly isExclusive: boolean;
  /** Deliveries whose attempt is under way in this process. */
  readonly underWay: Set<string>;
}

/** Pause before something that could not be done is looked at again. */
const LOOK_AGAIN_MS = 5_000;
/** While this many tasks wait for a place, no more pages are read: memory stays bounded whatever is due. */
const MOST_WAITING = 4_096;

/**
 * Attempts what is recorded and due: retries, replays, and what was put off.
 *
 * The due index says which webhook has something due and when; a page of it is read only when the lane of that webhook
 * has room, so a webhook that hangs, or is paused, holds back nobody. Index rows are hints: what is true is read from the
 * delivery's stream, and a claim wins only on the revision that was read.
 */
export class Scheduler {
  readonly #logger = new Logger('Scheduler');
  readonly #dependencies: SchedulerDependencies;
  readonly #heap = new DueHeap();
  readonly #claims: ClaimWatch;
  readonly #inHand = new WorkInHand();
  /** Webhooks of which a page is being read; `true` when it has to be read once more after that. */
  readonly #reading = new Map<string, boolean>();
  /** Webhooks that may have more due than their lanes had room for. */
  readonly #waitingForRoom = new Set<string>();
  #subscription: Subscription | undefined;
  #stopListening: (() => void) | undefined;
  #cancelTimer: CancelTimer | undefined;
  #isStopped = false;

  constructor(dependencies: SchedulerDependencies) {
    this.#dependencies = dependencies;
    this.#claims = new ClaimWatch({
      clock: dependencies.clock,
      onLapsed: (claim) => {
        this.#takeOver(claim.deliveryId, claim.webhookId, claim.claimId);
      },
    });
  }

  /** Begins with everything that is due already. */
  async start(): Promise<void> {
    const { directory, due, lanes } = this.#dependencies;
    this.#subscription = due.changes.subscribe((changes) => {
      this.#inHand.indexReached(changes.position);
      for (const claim of changes.claimed) this.#watch(claim);
      for (const change of changes.due) this.#heap.set(change.webhookId, change.dueAt);
      this.#tick();
    });
    lanes.onRoom((webhookId) => {
      this.#roomAt(webhookId);
    });
    this.#stopListening = directory.onChange((webhook) => {
      this.#heap.set(webhook.id, 0);
      this.#tick();
    });
    for (const change of await due.earliest()) this.#heap.set(change.webhookId, change.dueAt);
    await this.#watchRecordedClaims();
    this.#tick();
  }

  /** Starts nothing more; what is under way goes on. */
  stop(): void {
    this.#isStopped = true;
    this.#subscription?.unsubscribe();
    this.#stopListening?.();
    this.#cancelTimer?.();
    this.#claims.stop();
  }

  async #watchRecordedClaims(): Promise<void> {
    const limit = 500;
    for (let afterId: string | undefined; ;) {
      const query = afterId === undefined ? { limit } : { limit, afterId };
      const page = await this.#dependencies.due.claimed(query);
      for (const claim of page) this.#watch(claim);
      afterId = page.at(-1)?.deliveryId;
      if (page.length < limit) return;
    }
  }

  #watch(claim: {
    readonly deliveryId: string;
    readonly webhookId: string;
    readonly claimId: string;
    readonly owner: string;
    readonly leaseMs: number;
  }): void {
    const { isExclusive, tools, underWay } = this.#dependencies;
    if (underWay.has(claim.deliveryId)) return;
    const isOrphan = isExclusive && claim.owner !== tools.instanceId;
    this.#claims.watch(claim, isOrphan ? 0 : claim.leaseMs);
  }

  #tick(): void {
    if (this.#isStopped) return;
    const { clock } = this.#dependencies;
    for (let id = this.#heap.take(clock.now()); id; id = this.#heap.take(clock.now())) {
      void this.#pump(id);
    }
    this.#cancelTimer?.();
    const next = this.#heap.earliest;
    if (next === undefined) return;
    this.#cancelTimer = clock.setTimer(() => {
      this.#tick();
    }, next - clock.now());
  }

  #roomAt(webhookId: string): void {
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
      this.#lookAgain(webhookId, LOOK_AGAIN_MS);
    }
    const isAskedAgain = this.#reading.get(webhookId) === true;
    this.#reading.delete(webhookId);
    if (isAskedAgain && !this.#isStopped) void this.#pump(webhookId);
  }

  async #readPage(webhookId: string): Promise<void> {
    const { clock, directory, due, lanes } = this.#dependencies;
    const webhook = directory.find(webhookId);
    if (webhook && isHeld(webhook, directory)) return; // goes on with the next change of the webhook
    const key = laneKeyOf(webhookId, webhook);
    const room = lanes.waiting >= MOST_WAITING ? 0 : lanes.backlogRoom(key);
    if (room === 0) {
      this.#waitingForRoom.add(webhookId);
      return;
    }
    const rows = await due.page({
      webhookId,
      dueBefore: Number.POSITIVE_INFINITY,
      limit: room + 1,
      except: this.#inHand.of(webhookId),
    });
    const now = clock.now();
    const dueRows = rows.filter((row) => row.dueAt <= now);
    for (const row of dueRows.slice(0, room)) this.#offer(key, row);
    if (dueRows.length > room) this.#waitingForRoom.add(webhookId);
    const later = rows[dueRows.length];
    if (later) this.#heap.set(webhookId, later.dueAt);
    if (later) this.#tick();
  }

  #offer(key: LaneKey, row: DueDelivery): void {
    this.#inHand.take(row.webhookId, row.deliveryId);
    const isTaken = this.#dependencies.lanes.offer(
      key,
      { run: () => this.#attempt(row.webhookId, row.deliveryId, null) },
      'backlog',
    );
    if (isTaken) return;
    this.#inHand.release(row.webhookId, row.deliveryId);
    this.#waitingForRoom.add(row.webhookId);
  }

  #takeOver(deliveryId: string, webhookId: string, claimId: string): void {
    const { directory, lanes, underWay } = this.#dependencies;
    if (this.#isStopped || underWay.has(deliveryId)) return;
    const webhook = directory.find(webhookId);
    const isTaken = lanes.offer(
      laneKeyOf(webhookId, webhook),
      { run: () => this.#attempt(webhookId, deliveryId, claimId) },
      'backlog',
    );
    if (isTaken) this.#inHand.take(webhookId, deliveryId);
    else this.#claims.watch({ deliveryId, webhookId, claimId }, LOOK_AGAIN_MS);
  }

  async #attempt(webhookId: string, deliveryId: string, lapsed: string | null): Promise<void> {
    const { tools, underWay } = this.#dependencies;
    underWay.add(deliveryId);
    const end = await makeDueAttempt(tools, deliveryId, lapsed).catch(
      (cause: unknown): DueAttemptEnd => ({ kind: 'postponed', cause }),
    );
    underWay.delete(deliveryId);
    this.#settle(webhookId, deliveryId, end, lapsed);
  }

  #settle(webhookId: string, deliveryId: string, end: DueAttemptEnd, lapsed: string | null): void {
    switch (end.kind) {
      case 'recorded':
        this.#inHand.recorded(webhookId, deliveryId, end.position);
        return;
      case 'held':
        this.#inHand.release(webhookId, deliveryId);
        return;
      case 'overtaken':
        this.#releaseLater(webhookId, deliveryId);
        return;
      case 'postponed':
        this.#logger.warn(`delivery ${deliveryId} is put off: ${String(end.cause)}`);
        if (lapsed === null) this.#releaseLater(webhookId, deliveryId);
        else this.#watchAgain({ deliveryId, webhookId, claimId: lapsed });
        return;
      case 'abandoned':
        this.abandon({ deliveryId, webhookId, ...end.claim });
        this.#inHand.release(webhookId, deliveryId);
    }
  }

  /** The outcome of a request under this claim cannot be recorded: it is made again when the lease has run out. */
  abandon(claim: WatchedClaim & { readonly leaseMs: number }): void {
    if (!this.#isStopped) this.#claims.watch(claim, claim.leaseMs);
  }

  #watchAgain(claim: WatchedClaim): void {
    this.#inHand.release(claim.webhookId, claim.deliveryId);
    this.#claims.watch(claim, LOOK_AGAIN_MS);
  }

  /** Until the index has caught up, reading the same row again and again would be all that is done. */
  #releaseLater(webhookId: string, deliveryId: string): void {
    const { clock } = this.#dependencies;
    clock.setTimer(() => {
      this.#inHand.release(webhookId, deliveryId);
      this.#lookAgain(webhookId, 0);
    }, LOOK_AGAIN_MS);
  }

  #lookAgain(webhookId: string, delayMs: number): void {
    if (this.#isStopped) return;
    this.#heap.set(webhookId, this.#dependencies.clock.now() + delayMs);
    this.#tick();
  }
}

/** Whether the deliveries of the webhook have to wait: it is paused or disabled, or its code is not here. */
function isHeld(webhook: Webhook, directory: WebhookDirectory): boolean {
  if (webhook.status === 'removed') return false; // what is due is discarded
  return webhook.status !== 'active' || directory.missingCode(webhook) !== null;
}

function laneKeyOf(webhookId: string, webhook: Webhook | undefined): LaneKey {
  // Deliveries of a webhook that is gone are discarded, a few at a time.
  const { concurrency = 4, tenantId = null } = webhook?.definition ?? {};
  return { webhookId, tenantId, concurrency };
}
