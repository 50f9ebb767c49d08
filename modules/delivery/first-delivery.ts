import { randomUUID } from 'node:crypto';
import type { RecordedEvent } from '@eventstore/db-client';
import { isPosthornError } from '../kernel/index.js';
import type { Webhook } from '../registry/index.js';
import type { OutgoingRequest } from '../sending/index.js';
import type { AttemptTools, MadeAttempt, UnsentAttempt } from './attempt-maker.js';
import type { AbandonedClaim } from './claim-watch.js';
import type { Claim } from './delivery-state.js';
import type { DeliveryOrigin, ScheduleReason } from './delivery.events.js';
import type { LoadedDelivery, Recorded } from './delivery-journal.js';
import { LATEST_START_MS, LEASE_MARGIN_MS } from './delivery.options.js';
import type { LaneTask } from './lane.js';
import { stopwatch } from './stopwatch.js';

/** What a first delivery works with. */
export interface FirstDeliveryTools extends AttemptTools {
  /** The webhook as it is now, or `undefined` when this registration of it is gone. */
  readonly currentWebhook: (webhook: Webhook) => Webhook | undefined;
  /** The digest of the definition whose code this instance would need to send for the webhook; else `null`. */
  readonly missingCode: (webhook: Webhook) => string | null;
  /** Called when an attempt was made under a recorded claim, and its outcome cannot be recorded. */
  readonly onAbandoned: (claim: AbandonedClaim) => void;
}

/**
 * The first attempt of a delivery, from the observed event to its first record.
 *
 * ```
 *   waiting ── place in the lane ──▶ sending ── outcome ──▶ recorded [Attempted, ...]
 *   waiting ── window closes ──────▶ recorded [Scheduled]
 *   sending ── window closes ──────▶ recorded [Scheduled, Claimed], and the outcome follows
 * ```
 *
 * Guarantee: `recorded` resolves only when something of the delivery is in the log, so that the observed event may be
 * acknowledged; it rejects when that could not be brought about, and the event must come again.
 */
export class FirstDelivery implements LaneTask {
  readonly origin: DeliveryOrigin;
  readonly webhook: Webhook;
  readonly recorded: Promise<void>;
  readonly #event: RecordedEvent;
  readonly #tools: FirstDeliveryTools;
  #resolve!: () => void;
  #reject!: (reason: unknown) => void;
  /** Set once the window has closed on a request under way: what was recorded then. */
  #handover: Promise<Recorded> | undefined;
  #claim: Claim | undefined;
  /** Milliseconds since the claim was begun. */
  #claimAgeMs: () => number = () => 0;
  #isAnswered = false;

  constructor(
    tools: FirstDeliveryTools,
    origin: DeliveryOrigin,
    webhook: Webhook,
    event: RecordedEvent,
  ) {
    this.#tools = tools;
    this.origin = origin;
    this.webhook = webhook;
    this.#event = event;
    this.recorded = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** Sends and records; never rejects: a failure to record shows in `recorded`. */
  async run(): Promise<void> {
    try {
      await this.#run();
      this.#resolve();
    } catch (error) {
      this.#fail(error);
      this.#abandon();
    }
  }

  /** Records the delivery for later, without an attempt. */
  async schedule(reason: ScheduleReason): Promise<void> {
    const needs = this.#tools.missingCode(this.webhook);
    try {
      await this.#tools.journal.record(this.origin.deliveryId, {
        kind: 'schedule',
        origin: this.origin,
        reason,
        now: this.#tools.clock.now(),
        owner: this.#tools.instanceId,
        ...(needs === null ? {} : { needs }),
      });
      this.#resolve();
    } catch (error) {
      this.#fail(error);
    }
  }

  /**
   * The window closed while the request is under way: records that, so that the event need not wait for it. Once it is
   * answered, its outcome is what the event waits for.
   */
  handOver(): void {
    if (this.#isAnswered) return;
    this.#claimAgeMs = stopwatch(this.#tools.clock);
    this.#claim = {
      claimId: randomUUID(),
      owner: this.#tools.instanceId,
      leaseMs: this.webhook.definition.timeoutMs + LEASE_MARGIN_MS,
    };
    this.#handover = this.#tools.journal.record(this.origin.deliveryId, {
      kind: 'schedule',
      origin: this.origin,
      reason: 'inline-window',
      now: this.#tools.clock.now(),
      owner: this.#tools.instanceId,
      claim: this.#claim,
    });
    this.#handover.then(this.#resolve, (error: unknown) => {
      this.#fail(error);
    });
  }

  #abandon(): void {
    if (!this.#claim) return;
    const { deliveryId, webhookId } = this.origin;
    const { claimId, leaseMs } = this.#claim;
    const remainingMs = Math.max(0, leaseMs - this.#claimAgeMs());
    this.#tools.onAbandoned({ deliveryId, webhookId, claimId, remainingMs });
  }

  #fail(error: unknown): void {
    // What was purged was recorded long ago: the event is observed again after its retention.
    if (isPosthornError(error, 'PSH_DELIVERY_PURGED')) this.#resolve();
    else this.#reject(error);
  }

  async #run(): Promise<void> {
    const webhook = this.#tools.currentWebhook(this.webhook);
    if (webhook?.status !== 'active') {
      await this.schedule('held');
      return;
    }
    const ready = await this.#prepare(webhook);
    if (!ready) return;
    const isUnsent = 'outcome' in ready;
    const made = isUnsent ? ready : await this.#tools.attempts.send(ready, webhook);
    if (!made) {
      // Aborted: recorded as under way, and taken up again when the lease has run out.
      if (!this.#handover) this.handOver();
      await this.#leave();
      return;
    }
    this.#isAnswered = true;
    await this.#record(made);
    this.#tools.onEnded(webhook, made);
  }

  async #prepare(webhook: Webhook): Promise<OutgoingRequest | UnsentAttempt | undefined> {
    const { deliveryId, tenantId } = this.origin;
    const subject = { deliveryId, webhook, event: this.#event, tenantId, isReplay: false };
    try {
      // It wanted the event when that was matched, or failed on it: then there is no request.
      this.#tools.attempts.isWanted(subject);
      const resolving = this.#tools.attempts.resolveSecrets(webhook);
      const unsent = resolving && (await resolving);
      if (unsent) return unsent;
      if (this.#isTooLate()) await this.#leave();
      else return this.#tools.attempts.prepare(subject);
    } catch (error) {
      if (isPoison(error)) await this.#deadLetter(error.message);
      // The secrets cannot be read here and now, which is not the event's fault: it costs no attempt.
      else if (this.#handover) await this.#leave();
      else await this.schedule('held');
    }
    return undefined;
  }

  /** The window may close while secrets are looked up, and the lease that was recorded then counts from there. */
  #isTooLate(): boolean {
    return this.#claim !== undefined && this.#claimAgeMs() > LATEST_START_MS;
  }

  /** What was recorded as under way is taken up again when its lease has run out. */
  async #leave(): Promise<void> {
    await this.#handover;
    this.#abandon();
  }

  async #deadLetter(errorMessage: string): Promise<void> {
    await this.#tools.journal.record(this.origin.deliveryId, {
      kind: 'dead-letter',
      origin: this.origin,
      run: 1,
      reason: 'poison_event',
      errorMessage,
      now: this.#tools.clock.now(),
    });
  }

  async #record(made: NonNullable<MadeAttempt>): Promise<void> {
    const from: LoadedDelivery | undefined = this.#handover && (await this.#handover).after;
    await this.#tools.journal.record(
      this.origin.deliveryId,
      {
        kind: 'record-attempt',
        origin: this.origin,
        run: 1,
        claimId: this.#claim?.claimId ?? null,
        trigger: 'live',
        attempt: made.record,
        outcome: made.outcome,
        owner: this.#tools.instanceId,
        now: this.#tools.clock.now(),
      },
      from,
    );
  }
}

/** Whether an event can never be turned into a request. */
export function isPoison(error: unknown): error is Error {
  return (
    isPosthornError(error, 'PSH_SENDING_POISON_EVENT') ||
    isPosthornError(error, 'PSH_SENDING_BODY_TOO_LARGE')
  );
}
