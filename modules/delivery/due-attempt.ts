import { randomUUID } from 'node:crypto';
import { ErrorType, type RecordedEvent } from '@eventstore/db-client';
import { Logger } from '@nestjs/common';
import { type EventStoreClient, isClientError } from '../event-store/index.js';
import { isPosthornError } from '../kernel/index.js';
import type { Webhook, WebhookDirectory } from '../registry/index.js';
import type { OutgoingRequest } from '../sending/index.js';
import type { AttemptSubject, AttemptTools, UnsentAttempt } from './attempt-maker.js';
import { type Claim, type DeliveryState, isClaimable } from './delivery-state.js';
import type { AttemptTrigger, DeliveryOrigin } from './delivery.events.js';
import type { LoadedDelivery } from './delivery-journal.js';
import { LATEST_START_MS, LEASE_MARGIN_MS } from './delivery.options.js';
import { isPoison } from './first-delivery.js';
import { stopwatch } from './stopwatch.js';
import type { StreamOrder } from './stream-order.js';

/** What a due attempt works with. */
export interface DueAttemptTools extends AttemptTools {
  readonly client: Pick<EventStoreClient, 'readStream'>;
  readonly directory: Pick<WebhookDirectory, 'barrier' | 'find' | 'missingCode'>;
  readonly order: Pick<StreamOrder, 'place'>;
}

/** How a due attempt ended for the scheduler. */
export type DueAttemptEnd =
  /** Recorded at this position. */
  | { readonly kind: 'recorded'; readonly position: bigint }
  /** Nothing to do: the delivery is not, or no longer, as the index shows it. */
  | { readonly kind: 'overtaken' }
  /** The webhook is paused or disabled, or its code is not here: it goes on with the webhook's next change. */
  | { readonly kind: 'held' }
  /** It keeps the order of its stream, and the delivery `after` has to end first. */
  | { readonly kind: 'behind'; readonly after: string }
  /** The event or the secrets cannot be read now; it cost no attempt. */
  | { readonly kind: 'postponed'; readonly cause: unknown }
  /** Claimed, and nobody knows what came of it: what is left of the lease has to run out. */
  | { readonly kind: 'abandoned'; readonly claimId: string; readonly remainingMs: number };

const logger = new Logger('Scheduler');

const OVERTAKEN: DueAttemptEnd = { kind: 'overtaken' };

/**
 * One attempt of a delivery that is recorded and due (or whose claim `lapsed`): read, claim, send, record. The claim comes
 * last before the request, so that whatever is wrong before it costs nothing.
 */
export async function makeDueAttempt(
  tools: DueAttemptTools,
  deliveryId: string,
  lapsed: string | null,
): Promise<DueAttemptEnd> {
  const ready = await readyToClaim(tools, deliveryId, lapsed);
  if ('kind' in ready) return ready;
  const { loaded, origin, webhook, attempt } = ready;
  const claim: Claim = {
    claimId: randomUUID(),
    owner: tools.instanceId,
    leaseMs: webhook.definition.timeoutMs + LEASE_MARGIN_MS,
  };
  // Begun before the claim is in the log, so before anybody else can count from it.
  const elapsedMs = stopwatch(tools.clock);
  const claimed = await tools.journal.record(
    deliveryId,
    { kind: 'claim', claim, now: tools.clock.now(), lapsed },
    loaded,
  );
  if (claimed.events.length === 0) return OVERTAKEN;
  const abandoned = (): DueAttemptEnd => {
    const remainingMs = Math.max(0, claim.leaseMs - elapsedMs());
    return { kind: 'abandoned', claimId: claim.claimId, remainingMs };
  };
  // A process that was stopped in between, or a machine that slept, would send beside whoever took over.
  if (elapsedMs() > LATEST_START_MS) return abandoned();
  try {
    const isUnsent = 'outcome' in attempt;
    const made = isUnsent ? attempt : await tools.attempts.send(attempt, webhook);
    if (!made) return abandoned();
    const recorded = await tools.journal.record(
      deliveryId,
      {
        kind: 'record-attempt',
        origin,
        run: claimed.after.state.run,
        claimId: claim.claimId,
        trigger: triggerOf(claimed.after.state),
        attempt: made.record,
        outcome: made.outcome,
        owner: tools.instanceId,
        now: tools.clock.now(),
      },
      claimed.after,
    );
    tools.onEnded(webhook, made);
    return { kind: 'recorded', position: recorded.position ?? 0n };
  } catch (cause) {
    logger.warn(`the outcome of an attempt of ${deliveryId} is not recorded: ${String(cause)}`);
    return abandoned();
  }
}

interface ReadyDelivery {
  readonly loaded: LoadedDelivery;
  readonly origin: DeliveryOrigin;
  readonly webhook: Webhook;
  /** What is to be sent, or why nothing can be. */
  readonly attempt: OutgoingRequest | UnsentAttempt;
}

async function readyToClaim(
  tools: DueAttemptTools,
  deliveryId: string,
  lapsed: string | null,
): Promise<ReadyDelivery | DueAttemptEnd> {
  try {
    const loaded = await tools.journal.load(deliveryId);
    const { origin } = loaded.state;
    if (!origin || !isClaimable(loaded.state, tools.clock.now(), lapsed)) return OVERTAKEN;
    const webhook = await registeredWebhook(tools.directory, origin);
    if (!webhook) return await discard(tools, deliveryId, loaded, 'webhook_removed');
    const isHeld = webhook.status !== 'active' || tools.directory.missingCode(webhook) !== null;
    if (isHeld) return { kind: 'held' };
    const place = await tools.order.place(origin, webhook);
    if (place.kind === 'behind') return place;
    const event = await readSource(tools.client, origin);
    if (!event) return await deadLetter(tools, loaded, origin, 'source_event_gone', null);
    return await prepare(tools, loaded, origin, webhook, event);
  } catch (cause) {
    if (isPosthornError(cause, 'PSH_DELIVERY_PURGED')) return OVERTAKEN;
    return { kind: 'postponed', cause };
  }
}

/** The webhook in the registration that the delivery is of, or `undefined` when that is gone. */
async function registeredWebhook(
  directory: DueAttemptTools['directory'],
  { webhookId, registration }: DeliveryOrigin,
): Promise<Webhook | undefined> {
  const find = (): Webhook | undefined => {
    const webhook = directory.find(webhookId);
    return webhook?.registration === registration ? webhook : undefined;
  };
  const known = find();
  if (known) return known.status === 'removed' ? undefined : known;
  // Another instance may have registered it a moment ago: nothing is discarded on hearsay.
  await directory.barrier();
  const found = find();
  return found?.status === 'removed' ? undefined : found;
}

async function prepare(
  tools: DueAttemptTools,
  loaded: LoadedDelivery,
  origin: DeliveryOrigin,
  webhook: Webhook,
  event: RecordedEvent,
): Promise<ReadyDelivery | DueAttemptEnd> {
  const { deliveryId, tenantId } = origin;
  const { isReplay } = loaded.state;
  const subject = { deliveryId, webhook, event, tenantId, isReplay };
  try {
    if (isUnwanted(tools, loaded.state, subject)) {
      return await discard(tools, deliveryId, loaded, 'filtered_out');
    }
    const unsent = await tools.attempts.resolveSecrets(webhook);
    const attempt = unsent ?? tools.attempts.prepare(subject);
    return { loaded, origin, webhook, attempt };
  } catch (error) {
    if (!isPoison(error)) throw error;
    return await deadLetter(tools, loaded, origin, 'poison_event', error.message);
  }
}

/**
 * Whether the filter does not want an event that it was not, or could not be, asked about when the event was matched. What
 * an expression decided then, it decided for good; a function has no past, so it is asked again.
 */
function isUnwanted(
  tools: Pick<DueAttemptTools, 'attempts'>,
  { attemptCount, run }: DeliveryState,
  subject: AttemptSubject,
): boolean {
  const { filter } = subject.webhook.definition;
  if (!filter || attemptCount > 0 || tools.attempts.isWanted(subject)) return false;
  return filter.kind === 'function' || run > 1;
}

async function deadLetter(
  tools: DueAttemptTools,
  loaded: LoadedDelivery,
  origin: DeliveryOrigin,
  reason: 'source_event_gone' | 'poison_event',
  errorMessage: string | null,
): Promise<DueAttemptEnd> {
  const { run } = loaded.state;
  const command = {
    kind: 'dead-letter',
    origin,
    run,
    reason,
    errorMessage,
    now: tools.clock.now(),
  } as const;
  const { position } = await tools.journal.record(origin.deliveryId, command, loaded);
  return position === null ? OVERTAKEN : { kind: 'recorded', position };
}

/**
 * Records the end of an open delivery whose webhook, or whose registration of it, was removed, or which the webhook's filter
 * does not want.
 */
async function discard(
  tools: Pick<DueAttemptTools, 'journal' | 'clock'>,
  deliveryId: string,
  loaded: LoadedDelivery,
  reason: 'filtered_out' | 'webhook_removed',
): Promise<DueAttemptEnd> {
  const { position } = await tools.journal.record(
    deliveryId,
    { kind: 'discard', now: tools.clock.now(), discardedBy: 'posthorn', reason },
    loaded,
  );
  return position === null ? OVERTAKEN : { kind: 'recorded', position };
}

/** The observed event, or `undefined` when it is gone: truncated, expired, scavenged, or its stream deleted. */
export async function readSource(
  client: Pick<EventStoreClient, 'readStream'>,
  origin: DeliveryOrigin,
): Promise<RecordedEvent | undefined> {
  try {
    const read = client.readStream(origin.stream, {
      fromRevision: BigInt(origin.revision),
      maxCount: 1,
    });
    for await (const { event } of read) {
      // A stream that was deleted and recreated never has the number again, but a reader must not take that on trust.
      if (event?.id === origin.eventId) return event;
    }
    return undefined;
  } catch (error) {
    const isGone = isClientError(error, ErrorType.STREAM_NOT_FOUND, ErrorType.STREAM_DELETED);
    if (isGone) return undefined;
    throw error;
  }
}

function triggerOf(state: DeliveryState): AttemptTrigger {
  if (state.runAttemptCount > 0) return 'retry';
  return state.isReplay ? 'replay' : 'scheduled';
}
