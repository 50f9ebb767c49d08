import { randomUUID } from 'node:crypto';
import type { RecordedEvent } from '@eventstore/db-client';
import { type Clock, PosthornError } from '../kernel/index.js';
import type { Webhook, WebhookDirectory } from '../registry/index.js';
import type { AttemptMaker } from './attempt-maker.js';
import type { BulkReplays } from './bulk-replay.js';
import type { DeadLetterFilter } from './dead-letters.port.js';
import type { DeliveryState } from './delivery.aggregate.js';
import type { AttemptRecord } from './delivery.events.js';
import type { DeliveryJournal, Recorded } from './delivery-journal.js';

export interface DeliveryServiceDependencies {
  readonly journal: DeliveryJournal;
  readonly attempts: AttemptMaker;
  readonly directory: WebhookDirectory;
  readonly bulkReplays: BulkReplays;
  readonly clock: Clock;
  readonly instanceId: string;
}

/** Who asks for something to be done with a delivery, and why: recorded with it. */
export interface DeliveryRequest {
  readonly deliveryId: string;
  readonly requestedBy: string;
  readonly reason?: string | null;
}

/** What a command recorded. */
export interface DeliveryCommandResult {
  readonly deliveryId: string;
  readonly run: number;
  readonly status: DeliveryState['status'];
  /** Commit position that a query can wait for; `null` when there was nothing to record. */
  readonly position: bigint | null;
}

/** What a test call met. */
export interface TestCallResult extends AttemptRecord {
  readonly isSuccess: boolean;
  /** The `webhook-id` that was sent. */
  readonly messageId: string;
}

/** What can be asked of deliveries from outside. */
export class DeliveryService {
  readonly #dependencies: DeliveryServiceDependencies;

  constructor(dependencies: DeliveryServiceDependencies) {
    this.#dependencies = dependencies;
  }

  /**
   * Asks for a delivery to be sent again, with the same `webhook-id`: in a new run when it has ended, at another time when
   * it is still open.
   *
   * @param request.at when, in epoch milliseconds; default now
   * @throws PosthornError `PSH_DELIVERY_NOT_FOUND`, `PSH_DELIVERY_NOT_REPLAYABLE`, `PSH_DELIVERY_WEBHOOK_REMOVED`,
   * `PSH_DELIVERY_PURGED`
   */
  async replay(
    request: DeliveryRequest & { readonly at?: number; readonly replayId?: string },
  ): Promise<DeliveryCommandResult> {
    const { clock, instanceId, journal } = this.#dependencies;
    const loaded = await journal.load(request.deliveryId);
    await this.#checkReplayable(loaded.state);
    const now = clock.now();
    const recorded = await journal.record(
      request.deliveryId,
      {
        kind: 'request-replay',
        dueAt: request.at ?? now,
        now,
        owner: instanceId,
        requestedBy: request.requestedBy,
        reason: request.reason ?? null,
        ...(request.replayId === undefined ? {} : { replayId: request.replayId }),
      },
      loaded,
    );
    return resultOf(request.deliveryId, recorded);
  }

  /** As `replay`, but only for what is a dead letter now. @returns whether it was one */
  async replayDeadLetter(
    request: DeliveryRequest & { readonly replayId: string },
  ): Promise<boolean> {
    const { state } = await this.#dependencies.journal.load(request.deliveryId);
    const isAskedAlready = state.replayId === request.replayId;
    if (state.status !== 'dead-lettered') return isAskedAlready;
    await this.replay(request);
    return true;
  }

  /**
   * Gives a delivery up: ends an open one, and settles a dead letter.
   *
   * @throws PosthornError `PSH_DELIVERY_NOT_FOUND`, `PSH_DELIVERY_SUCCEEDED`, `PSH_DELIVERY_PURGED`
   */
  async discard(request: DeliveryRequest): Promise<DeliveryCommandResult> {
    const { clock, journal } = this.#dependencies;
    const loaded = await journal.load(request.deliveryId);
    const recorded = await journal.record(
      request.deliveryId,
      {
        kind: 'discard',
        now: clock.now(),
        discardedBy: request.requestedBy,
        reason: request.reason ?? null,
      },
      loaded,
    );
    return resultOf(request.deliveryId, recorded);
  }

  /** Replays every dead letter that matches, as a recorded process that survives restarts. */
  replayDeadLetters(request: {
    readonly filter: DeadLetterFilter;
    readonly requestedBy: string;
    readonly reason?: string | null;
  }): Promise<{ readonly replayId: string; readonly accepted: number }> {
    return this.#dependencies.bulkReplays.start({ ...request, reason: request.reason ?? null });
  }

  /**
   * Sends a signed sample to the endpoint of a webhook, on the path of every delivery, and tells what it met. It is no
   * delivery: nothing is recorded, nothing retried. Works for paused and disabled webhooks too.
   *
   * @throws PosthornError `PSH_REGISTRY_NOT_FOUND`
   */
  async test(webhookId: string): Promise<TestCallResult> {
    const { attempts, clock, directory } = this.#dependencies;
    await directory.barrier();
    const webhook = directory.find(webhookId);
    if (!webhook || webhook.status === 'removed') {
      throw new PosthornError('PSH_REGISTRY_NOT_FOUND');
    }
    const messageId = `test_${randomUUID().replaceAll('-', '')}`;
    const request = attempts.prepare({
      deliveryId: messageId,
      webhook,
      event: sampleEvent(webhook, clock.now()),
      tenantId: webhook.definition.tenantId,
      isReplay: false,
    });
    const made = await attempts.send(request, webhook);
    if (!made) throw new PosthornError('PSH_DELIVERY_DRAINING');
    return { ...made.record, isSuccess: made.outcome.kind === 'success', messageId };
  }

  async #checkReplayable(state: DeliveryState): Promise<void> {
    if (!state.origin) throw new PosthornError('PSH_DELIVERY_NOT_FOUND');
    const { directory } = this.#dependencies;
    await directory.barrier();
    const webhook = directory.find(state.origin.webhookId);
    const isGone = webhook?.registration !== state.origin.registration;
    if (isGone || webhook.status === 'removed') {
      throw new PosthornError('PSH_DELIVERY_WEBHOOK_REMOVED');
    }
    if (!webhook.definition.isReplayable) throw new PosthornError('PSH_DELIVERY_NOT_REPLAYABLE');
  }
}

function resultOf(deliveryId: string, recorded: Recorded): DeliveryCommandResult {
  const { run, status } = recorded.after.state;
  return { deliveryId, run, status, position: recorded.position };
}

/** A sample of the first event type that the webhook names, marked as one. */
function sampleEvent(webhook: Webhook, now: number): RecordedEvent {
  const named = webhook.definition.eventTypes.find((type) => !type.includes('*'));
  return {
    streamId: `test-${webhook.id}`,
    id: randomUUID(),
    isJson: true,
    revision: 0n,
    type: named ?? 'posthorn.test',
    created: new Date(now),
    data: { test: true, message: 'A test call of Posthorn: no event has happened.' },
    metadata: undefined,
  };
}
