import { randomUUID } from 'node:crypto';
import type { RecordedEvent } from '@eventstore/db-client';
import { type Clock, PosthornError } from '../kernel/index.js';
import type { Webhook, WebhookDirectory } from '../registry/index.js';
import type { AttemptMaker } from './attempt-maker.js';
import type { DeliveryState } from './delivery-state.js';
import type { AttemptRecord, DeliveryStatus } from './delivery.events.js';
import type { DeliveryJournal, Recorded } from './delivery-journal.js';
import { needsOf } from './past-events.js';

export interface DeliveryServiceDependencies {
  readonly journal: DeliveryJournal;
  readonly attempts: AttemptMaker;
  readonly directory: WebhookDirectory;
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
    request: DeliveryRequest & { readonly at?: number },
  ): Promise<DeliveryCommandResult> {
    return resultOf(request.deliveryId, await this.#replay(request));
  }

  /** As `replay`, but only for what is a dead letter now. @returns whether it was one */
  async replayDeadLetter(
    request: DeliveryRequest & { readonly replayId: string },
  ): Promise<boolean> {
    const { replayId } = request;
    const recorded = await this.#replay(request, { replayId, onlyIf: ['dead-lettered'] });
    return recorded.after.state.replayIds.includes(replayId);
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

  /**
   * Sends a signed sample to the endpoint of a webhook, on the path of every delivery, and tells what it met. It is no
   * delivery: nothing is recorded, nothing retried. Works for paused and disabled webhooks too.
   *
   * @throws PosthornError `PSH_REGISTRY_NOT_FOUND`, `PSH_REGISTRY_SECRET_UNAVAILABLE`
   */
  async test(webhookId: string): Promise<TestCallResult> {
    const { attempts, clock, directory } = this.#dependencies;
    await directory.barrier();
    const webhook = directory.find(webhookId);
    if (!webhook || webhook.status === 'removed') {
      throw new PosthornError('PSH_REGISTRY_NOT_FOUND');
    }
    const messageId = `test_${randomUUID().replaceAll('-', '')}`;
    await directory.resolveSecrets(webhook);
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

  async #replay(
    request: DeliveryRequest & { readonly at?: number },
    only: { readonly replayId?: string; readonly onlyIf?: readonly DeliveryStatus[] } = {},
  ): Promise<Recorded> {
    const { clock, directory, instanceId, journal } = this.#dependencies;
    const loaded = await journal.load(request.deliveryId);
    const webhook = await this.#replayableWebhook(loaded.state);
    const now = clock.now();
    const command = {
      kind: 'request-replay',
      dueAt: request.at ?? now,
      now,
      owner: instanceId,
      requestedBy: request.requestedBy,
      reason: request.reason ?? null,
      ...needsOf(directory, webhook.id),
      ...only,
    } as const;
    return journal.record(request.deliveryId, command, loaded);
  }

  async #replayableWebhook(state: DeliveryState): Promise<Webhook> {
    if (!state.origin) throw new PosthornError('PSH_DELIVERY_NOT_FOUND');
    const { directory } = this.#dependencies;
    await directory.barrier();
    const webhook = directory.find(state.origin.webhookId);
    const isGone = webhook?.registration !== state.origin.registration;
    if (isGone || webhook.status === 'removed') {
      throw new PosthornError('PSH_DELIVERY_WEBHOOK_REMOVED');
    }
    if (!webhook.definition.isReplayable) throw new PosthornError('PSH_DELIVERY_NOT_REPLAYABLE');
    return webhook;
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
