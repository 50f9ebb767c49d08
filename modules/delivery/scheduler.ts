import { Logger } from '@nestjs/common';
import type { Subscription } from 'rxjs';
import type { Clock } from '../kernel/index.js';
import type { Webhook, WebhookDirectory } from '../registry/index.js';
import { type AbandonedClaim, ClaimWatch, type WatchedClaim } from './claim-watch.js';
import { type DueAttemptEnd, type DueAttemptTools, makeDueAttempt } from './due-attempt.js';
import type { ClaimedDelivery, DueDeliveries, DueIndexChanges } from './due-deliveries.port.js';
import { DuePump, LOOK_AGAIN_MS } from './due-pump.js';
import { type DueShare, OthersShare, OwnShare, TAKE_OVER_SPREAD_MS } from './due-share.js';
import { laneKeyOf } from './lane-key.js';
import type { Lanes } from './lanes.js';
import { OrderWaits } from './order-waits.js';
import { WaitingForCode } from './waiting-for-code.js';
import { WorkInHand } from './work-in-hand.js';

export interface SchedulerDependencies {
  readonly tools: DueAttemptTools;
  readonly due: DueDeliveries;
  readonly directory: WebhookDirectory;
  readonly lanes: Lanes;
  readonly clock: Clock;
  /** In [0, 1): keeps instances apart that would act at the same moment. */
  readonly random: () => number;
  /** Whether this process alone can append: then every other owner, and every other claim, is of a process that is gone. */
  readonly isExclusive: boolean;
  /** Deliveries whose attempt is under way in this process. */
  readonly underWay: Set<string>;
}

/**
 * Attempts what is recorded and due: retries, replays, and what was put off.
 *
 * Index rows are hints: what is true is read from the delivery's stream, and a claim wins only on the revision that was
 * read. Where several instances share the event store, each attempts what it owns, and takes what others left only after
 * they had their time.
 */
export class Scheduler {
  readonly #logger = new Logger('Scheduler');
  readonly #dependencies: SchedulerDependencies;
  readonly #claims: ClaimWatch;
  readonly #inHand = new WorkInHand();
  readonly #waitingForCode: WaitingForCode;
  readonly #orderWaits: OrderWaits;
  #pumps: readonly DuePump[] = [];
  #subscription: Subscription | undefined;
  #stopListening: (() => void) | undefined;
  #isStopped = false;

  constructor(dependencies: SchedulerDependencies) {
    this.#dependencies = dependencies;
    this.#waitingForCode = new WaitingForCode(dependencies);
    this.#orderWaits = new OrderWaits({
      clock: dependencies.clock,
      longestMs: LOOK_AGAIN_MS,
      onOver: ({ webhookId, deliveryId }) => {
        this.#inHand.release(webhookId, deliveryId);
        for (const pump of this.#pumps) pump.look(webhookId, 0);
      },
    });
    this.#claims = new ClaimWatch({
      clock: dependencies.clock,
      onLapsed: (claim) => {
        this.#takeOver(claim);
      },
    });
  }

  /** Ids of webhooks whose deliveries wait for code that no instance seems to hold. */
  get waitingForCode(): readonly string[] {
    return this.#waitingForCode.webhookIds;
  }

  /** Begins with everything that is due already. */
  async start(): Promise<void> {
    const { directory, due, lanes } = this.#dependencies;
    this.#pumps = this.#shares().map((share) => this.#pumpOf(share));
    this.#subscription = due.changes.subscribe((changes) => {
      this.#changed(changes);
    });
    lanes.onRoom((webhookId) => {
      for (const pump of this.#pumps) pump.roomAt(webhookId);
    });
    this.#stopListening = directory.onChange((webhook) => {
      for (const pump of this.#pumps) pump.webhookChanged(webhook.id);
    });
    const earliest = await due.earliest();
    for (const pump of this.#pumps) pump.changed(earliest);
    await this.#watchRecordedClaims();
  }

  /** Starts nothing more; what is under way goes on. */
  stop(): void {
    this.#isStopped = true;
    this.#subscription?.unsubscribe();
    this.#stopListening?.();
    for (const pump of this.#pumps) pump.stop();
    this.#claims.stop();
    this.#waitingForCode.stop();
    this.#orderWaits.stop();
  }

  /** The outcome of a request under this claim cannot be recorded: it is made again when the lease has run out. */
  abandon({ remainingMs, ...claim }: AbandonedClaim): void {
    if (!this.#isStopped) this.#claims.watch(claim, remainingMs);
  }

  #shares(): readonly DueShare[] {
    const { clock, due, isExclusive, random, tools } = this.#dependencies;
    if (isExclusive) return [new OwnShare(due, clock)];
    const { instanceId } = tools;
    return [new OwnShare(due, clock, instanceId), new OthersShare(due, clock, instanceId, random)];
  }

  #pumpOf(share: DueShare): DuePump {
    const { clock, directory, isExclusive, lanes } = this.#dependencies;
    return new DuePump({
      share,
      clock,
      lanes,
      inHand: this.#inHand,
      // What another instance has paused, or removed, is not attempted here any more.
      refresh: () => (isExclusive ? Promise.resolve() : directory.barrier()),
      findWebhook: (id) => directory.find(id),
      isHeld: (webhook) => this.#isHeld(webhook, false),
      attempt: (webhookId, deliveryId) => this.#attempt(webhookId, deliveryId, null),
    });
  }

  #changed({ due, claimed, settled, ended, position }: DueIndexChanges): void {
    this.#inHand.indexReached(position);
    for (const deliveryId of settled) this.#claims.forget(deliveryId);
    for (const claim of claimed) {
      this.#watch(claim);
      for (const pump of this.#pumps) pump.seen(claim.owner);
    }
    this.#orderWaits.ended(ended);
    for (const pump of this.#pumps) pump.changed(due);
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

  #watch(claim: ClaimedDelivery): void {
    const { underWay } = this.#dependencies;
    if (!this.#isStopped && !underWay.has(claim.deliveryId)) {
      this.#claims.watch(claim, this.#patienceWith(claim));
    }
  }

  /** Whoever claimed it makes the next attempt itself when the lease is over, if it can; the others begin after that. */
  #patienceWith({ leaseMs, owner }: ClaimedDelivery): number {
    const { isExclusive, random, tools } = this.#dependencies;
    if (owner === tools.instanceId) return leaseMs;
    return isExclusive ? 0 : leaseMs + random() * TAKE_OVER_SPREAD_MS;
  }

  #takeOver(claim: WatchedClaim): void {
    const { directory, underWay } = this.#dependencies;
    if (this.#isStopped || underWay.has(claim.deliveryId)) return;
    const webhook = directory.find(claim.webhookId);
    const isHeld = webhook !== undefined && this.#isHeld(webhook, true);
    if (isHeld || !this.#offerLapsed(claim, webhook)) this.#claims.watch(claim, LOOK_AGAIN_MS);
  }

  #offerLapsed(claim: WatchedClaim, webhook: Webhook | undefined): boolean {
    const { deliveryId, webhookId, claimId } = claim;
    if (!this.#inHand.take(webhookId, deliveryId)) return false;
    const run = async (): Promise<void> => {
      await this.#attempt(webhookId, deliveryId, claimId);
    };
    const isTaken = this.#dependencies.lanes.offer(
      laneKeyOf(webhookId, webhook),
      { run },
      'backlog',
    );
    if (!isTaken) this.#inHand.release(webhookId, deliveryId);
    return isTaken;
  }

  async #attempt(
    webhookId: string,
    deliveryId: string,
    lapsed: string | null,
  ): Promise<DueAttemptEnd['kind']> {
    const { tools, underWay } = this.#dependencies;
    underWay.add(deliveryId);
    const { ends } = this.#orderWaits;
    const end = await makeDueAttempt(tools, deliveryId, lapsed).catch(
      (cause: unknown): DueAttemptEnd => ({ kind: 'postponed', cause }),
    );
    underWay.delete(deliveryId);
    if (end.kind === 'behind' && lapsed === null && !this.#isStopped) {
      this.#orderWaits.add({ webhookId, deliveryId }, end.after, ends);
    } else {
      this.#settle(webhookId, deliveryId, end, lapsed);
    }
    return end.kind;
  }

  #settle(webhookId: string, deliveryId: string, end: DueAttemptEnd, lapsed: string | null): void {
    switch (end.kind) {
      case 'recorded':
        this.#inHand.recorded(webhookId, deliveryId, end.position);
        return;
      case 'overtaken':
        this.#releaseLater(webhookId, deliveryId);
        return;
      case 'behind':
      case 'held':
        if (lapsed === null) this.#inHand.release(webhookId, deliveryId);
        else this.#watchAgain({ deliveryId, webhookId, claimId: lapsed });
        return;
      case 'postponed':
        this.#logger.warn(`delivery ${deliveryId} is put off: ${String(end.cause)}`);
        if (lapsed === null) this.#releaseLater(webhookId, deliveryId);
        else this.#watchAgain({ deliveryId, webhookId, claimId: lapsed });
        return;
      case 'abandoned': {
        const { claimId, remainingMs } = end;
        this.abandon({ deliveryId, webhookId, claimId, remainingMs });
        this.#inHand.release(webhookId, deliveryId);
      }
    }
  }

  #watchAgain(claim: WatchedClaim): void {
    this.#inHand.release(claim.webhookId, claim.deliveryId);
    if (!this.#isStopped) this.#claims.watch(claim, LOOK_AGAIN_MS);
  }

  /** Until the index has caught up, reading the same row again and again would be all that is done. */
  #releaseLater(webhookId: string, deliveryId: string): void {
    this.#dependencies.clock.setTimer(() => {
      this.#inHand.release(webhookId, deliveryId);
      for (const pump of this.#pumps) pump.look(webhookId, 0);
    }, LOOK_AGAIN_MS);
  }

  /** Whether the deliveries of the webhook have to wait: it is paused or disabled, or its code is not here. */
  #isHeld(webhook: Webhook, isLapsed: boolean): boolean {
    if (webhook.status === 'removed') return false; // what is due is discarded
    if (webhook.status !== 'active') return true;
    const isMissing = this.#dependencies.directory.missingCode(webhook) !== null;
    if (isMissing) this.#waitingForCode.meet(webhook.id, isLapsed);
    return isMissing;
  }
}
