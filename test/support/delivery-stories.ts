import {
  type AttemptOutcome,
  type DeliveryCommand,
  deliveryDecider,
  type DeliveryState,
} from '../../modules/delivery/delivery.aggregate.js';
import type {
  AttemptRecord,
  DeliveryEvent,
  DeliveryOrigin,
} from '../../modules/delivery/delivery.events.js';
import type { EventHead, LogBatch } from '../../projections/runtime/log-batch.js';

/** Something that happens to a delivery; what is not possible in its state happens without effect. */
export const STORY_STEPS = [
  'schedule',
  'schedule-claimed',
  'claim',
  'take-over',
  'succeed',
  'fail',
  'refuse',
  'dead-letter',
  'stale-fail',
  'stale-succeed',
  'replay',
  'discard',
  'wait',
] as const;

export type StoryStep = (typeof STORY_STEPS)[number];

export interface StoryEvent {
  readonly position: number;
  readonly deliveryId: string;
  readonly revision: number;
  readonly createdAt: number;
  readonly event: DeliveryEvent;
}

export interface StoryDelivery {
  readonly origin: DeliveryOrigin;
  state: DeliveryState;
  revision: number;
  /** Claims made so far: a stale outcome is recorded under the first. */
  readonly claims: string[];
}

const START = Date.UTC(2026, 0, 1);
const STEP_MS = 60_000;
const FOREVER = { kind: 'fixed', attempts: 1_000, delayMs: 30_000 } as const;

/**
 * A log of delivery events as the real aggregate decides them: any sequence of steps gives a valid log. Each delivery is
 * of one of three webhooks and one of three tenants.
 */
export class DeliveryStories {
  readonly deliveries = new Map<number, StoryDelivery>();
  readonly events: StoryEvent[] = [];
  #now = START;
  #position = 0;
  #claims = 0;

  get now(): number {
    return this.#now;
  }

  /** @param index which delivery; it is made when it is first named */
  step(index: number, step: StoryStep): void {
    this.#now += STEP_MS;
    const delivery = this.#deliveryOf(index);
    const command = this.#commandFor(delivery, step);
    if (command) this.#carryOut(delivery, command);
  }

  /** The log cut into batches of the given sizes, which are used again and again. */
  batches(sizes: readonly number[]): LogBatch[] {
    const batches: LogBatch[] = [];
    for (let from = 0, cut = 0; from < this.events.length; cut++) {
      const to = from + (sizes[cut % sizes.length] ?? 1);
      batches.push(batchOf(this.events.slice(from, to)));
      from = to;
    }
    return batches;
  }

  #deliveryOf(index: number): StoryDelivery {
    let delivery = this.deliveries.get(index);
    if (!delivery) {
      const origin = originOf(index, this.#now);
      delivery = { origin, state: deliveryDecider.initialState, revision: -1, claims: [] };
      this.deliveries.set(index, delivery);
    }
    return delivery;
  }

  #commandFor(delivery: StoryDelivery, step: StoryStep): DeliveryCommand | undefined {
    const { state, claims } = delivery;
    const current = state.claim?.claimId ?? null;
    const first = claims[0] ?? 'claim-none';
    switch (step) {
      case 'succeed':
        return this.#attempt(delivery, { kind: 'success' }, current);
      case 'fail':
        return this.#attempt(delivery, failure(3), current);
      case 'refuse':
        return this.#attempt(delivery, { kind: 'refusal', reason: 'rejected' }, current);
      case 'stale-fail':
        return this.#attempt(delivery, failure(1_000), first);
      case 'stale-succeed':
        return this.#attempt(delivery, { kind: 'success' }, first);
      case 'wait':
        return undefined;
      case 'replay':
      case 'discard':
        return state.status === 'none' ? undefined : this.#orderFor(state, step);
      case 'schedule':
      case 'schedule-claimed':
      case 'claim':
      case 'take-over':
      case 'dead-letter':
        return this.#recordFor(delivery, step);
    }
  }

  #recordFor(
    { origin, state }: StoryDelivery,
    step: 'schedule' | 'schedule-claimed' | 'claim' | 'take-over' | 'dead-letter',
  ): DeliveryCommand {
    const now = this.#now;
    const claim = { claimId: `claim-${this.#claims}`, owner: 'instance-1', leaseMs: 30_000 };
    const scheduled = { kind: 'schedule', origin, now, owner: 'instance-1' } as const;
    if (step === 'schedule') return { ...scheduled, reason: 'lane-full' };
    if (step === 'schedule-claimed') return { ...scheduled, reason: 'inline-window', claim };
    if (step === 'claim') return { kind: 'claim', claim, now, lapsed: null };
    if (step === 'take-over') {
      return { kind: 'claim', claim, now, lapsed: state.claim?.claimId ?? null };
    }
    const errorMessage = 'the payload is not JSON';
    return {
      kind: 'dead-letter',
      origin,
      run: state.run,
      reason: 'poison_event',
      errorMessage,
      now,
    };
  }

  #orderFor({ status }: DeliveryState, step: 'replay' | 'discard'): DeliveryCommand | undefined {
    const now = this.#now;
    if (step === 'replay') {
      const who = { owner: 'instance-1', requestedBy: 'operator', reason: 'fixed' };
      return { kind: 'request-replay', dueAt: now + 1_000, now, ...who };
    }
    if (status === 'succeeded') return undefined;
    return { kind: 'discard', now, discardedBy: 'operator', reason: 'obsolete' };
  }

  #attempt(
    { origin, state }: StoryDelivery,
    outcome: AttemptOutcome,
    claimId: string | null,
  ): DeliveryCommand {
    return {
      kind: 'record-attempt',
      origin,
      run: state.run,
      claimId,
      trigger: state.attemptCount === 0 ? 'live' : 'retry',
      attempt: attemptOf(outcome, this.#now, state.attemptCount),
      outcome,
      owner: 'instance-1',
      now: this.#now,
    };
  }

  #carryOut(delivery: StoryDelivery, command: DeliveryCommand): void {
    for (const event of deliveryDecider.decide(command, delivery.state)) {
      delivery.state = deliveryDecider.evolve(delivery.state, event);
      delivery.revision += 1;
      this.#position += 7;
      if (event.type === 'DeliveryClaimed') {
        delivery.claims.push(event.data.claimId);
        this.#claims += 1;
      }
      this.events.push({
        position: this.#position,
        deliveryId: delivery.origin.deliveryId,
        revision: delivery.revision,
        createdAt: this.#now,
        event,
      });
    }
  }
}

/** The batch that holds `events`. */
export function batchOf(events: readonly StoryEvent[]): LogBatch {
  const heads = events.map(({ position, deliveryId, revision, createdAt, event }): EventHead => [
    position,
    'delivery',
    deliveryId,
    revision,
    event.type,
    createdAt,
  ]);
  const data = JSON.stringify(events.map(({ event }) => event.data));
  return { heads, data, position: events.at(-1)?.position ?? -1 };
}

function failure(attempts: number): AttemptOutcome {
  const policy = { ...FOREVER, attempts };
  return { kind: 'failure', policy, random: 0.5, retryAfterMs: null };
}

function originOf(index: number, now: number): DeliveryOrigin {
  const tenant = index % 3;
  return {
    deliveryId: `dlv_${String(index).padStart(6, '0')}`,
    webhookId: `webhook-${index % 3}`,
    registration: 1,
    tenantId: tenant === 0 ? null : `tenant-${tenant}`,
    eventId: `event-${Math.floor(index / 2)}`,
    eventType: `order.type-${index % 4}`,
    stream: `order-${index % 5}`,
    revision: String(index),
    position: String(1_000 + index),
    occurredAt: new Date(now - 5).toISOString(),
  };
}

function attemptOf(outcome: AttemptOutcome, now: number, attemptCount: number): AttemptRecord {
  const isSuccess = outcome.kind === 'success';
  const statusCode = { success: 200, failure: 503, refusal: 400 }[outcome.kind];
  return {
    url: 'https://example.com/hooks',
    startedAt: new Date(now - 100).toISOString(),
    timings: {
      dnsMs: attemptCount === 0 ? 1.5 : null,
      connectMs: attemptCount === 0 ? 2.25 : null,
      tlsMs: null,
      firstByteMs: 20,
      bodyMs: 0.5,
      totalMs: 25 + attemptCount * 10,
    },
    statusCode,
    errorClass: isSuccess ? null : 'http_status',
    errorMessage: isSuccess ? null : `the endpoint answered ${statusCode}`,
    remoteAddress: '192.0.2.1',
    responseHeaders: { 'content-type': 'text/plain' },
    responseBody: isSuccess ? 'ok' : 'not now',
    isResponseTruncated: false,
  };
}
