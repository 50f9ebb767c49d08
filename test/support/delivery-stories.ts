import {
  type AttemptOutcome,
  type DeliveryCommand,
  deliveryDecider,
} from '../../modules/delivery/delivery.aggregate.js';
import type { Claim, DeliveryState } from '../../modules/delivery/delivery-state.js';
import type {
  AttemptRecord,
  DeliveryEvent,
  DeliveryOrder,
  DeliveryOrigin,
} from '../../modules/delivery/delivery.events.js';
import type { EventHead, LogBatch } from '../../projections/runtime/log-batch.js';

/** Something that happens to a delivery; what is not possible in its state happens without effect. */
export const STORY_STEPS = [
  'schedule',
  'schedule-claimed',
  'schedule-for-code',
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
type CommandFor = (delivery: StoryDelivery) => DeliveryCommand | undefined;

const SUCCESS: AttemptOutcome = { kind: 'success' };
const REFUSAL: AttemptOutcome = { kind: 'refusal', reason: 'rejected' };
const FOREVER = { kind: 'fixed', attempts: 1_000, delayMs: 30_000 } as const;

/**
 * A log of delivery events as the real aggregate decides them: any sequence of steps gives a valid log. Each delivery is
 * of one of three webhooks and one of three tenants.
 */
export class DeliveryStories {
  readonly deliveries = new Map<number, StoryDelivery>();
  readonly events: StoryEvent[] = [];
  /** Who does what is told next. */
  instance = 'instance-1';
  readonly #commands: Readonly<Record<StoryStep, CommandFor>> = {
    schedule: (delivery) => this.#schedule(delivery),
    'schedule-claimed': (delivery) => ({ ...this.#schedule(delivery), claim: this.#newClaim() }),
    'schedule-for-code': (delivery) => ({ ...this.#schedule(delivery), needs: 'digest-1' }),
    claim: () => this.#claim(null),
    'take-over': ({ state }) => this.#claim(state.claim?.claimId ?? null),
    succeed: (delivery) => this.#attempt(delivery, SUCCESS, claimOf(delivery)),
    fail: (delivery) => this.#attempt(delivery, failure(3), claimOf(delivery)),
    refuse: (delivery) => this.#attempt(delivery, REFUSAL, claimOf(delivery)),
    'stale-fail': (delivery) => this.#attempt(delivery, failure(1_000), firstClaimOf(delivery)),
    'stale-succeed': (delivery) => this.#attempt(delivery, SUCCESS, firstClaimOf(delivery)),
    'dead-letter': (delivery) => this.#deadLetter(delivery),
    replay: ({ state }) => (state.status === 'none' ? undefined : this.#replay()),
    discard: ({ state }) =>
      state.status === 'none' || state.status === 'succeeded' ? undefined : this.#discard(),
    wait: () => undefined,
  };
  readonly #orderOf: (index: number) => DeliveryOrder | undefined;
  #now = START;
  #position = 0;
  #claims = 0;

  /** @param orderOf whether a delivery keeps the order of its stream; default: none does */
  constructor(orderOf: (index: number) => DeliveryOrder | undefined = () => undefined) {
    this.#orderOf = orderOf;
  }

  get now(): number {
    return this.#now;
  }

  /** @param index which delivery; it is made when it is first named */
  step(index: number, step: StoryStep): void {
    this.#now += STEP_MS;
    const delivery = this.#deliveryOf(index);
    const command = this.#commands[step](delivery);
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
      const order = this.#orderOf(index);
      const origin = { ...originOf(index, this.#now), ...(order && { order }) };
      delivery = { origin, state: deliveryDecider.initialState, revision: -1, claims: [] };
      this.deliveries.set(index, delivery);
    }
    return delivery;
  }

  #schedule({ origin }: StoryDelivery): DeliveryCommand & { readonly kind: 'schedule' } {
    return { kind: 'schedule', origin, reason: 'lane-full', now: this.#now, owner: this.instance };
  }

  #claim(lapsed: string | null): DeliveryCommand {
    return { kind: 'claim', claim: this.#newClaim(), now: this.#now, lapsed };
  }

  #newClaim(): Claim {
    return { claimId: `claim-${this.#claims}`, owner: this.instance, leaseMs: 30_000 };
  }

  #deadLetter({ origin, state: { run } }: StoryDelivery): DeliveryCommand {
    const errorMessage = 'the payload is not JSON';
    const reason = 'poison_event';
    return { kind: 'dead-letter', origin, run, reason, errorMessage, now: this.#now };
  }

  #replay(): DeliveryCommand {
    const now = this.#now;
    const who = { owner: this.instance, requestedBy: 'operator', reason: 'fixed' };
    return { kind: 'request-replay', dueAt: now + 1_000, now, ...who };
  }

  #discard(): DeliveryCommand {
    return { kind: 'discard', now: this.#now, discardedBy: 'operator', reason: 'obsolete' };
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
      owner: this.instance,
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

function claimOf({ state }: StoryDelivery): string | null {
  return state.claim?.claimId ?? null;
}

function firstClaimOf({ claims }: StoryDelivery): string {
  return claims[0] ?? 'claim-none';
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
  const statusCode = { success: 200, failure: 503, refusal: 400, postponed: null }[outcome.kind];
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
    errorClass: isSuccess ? null : outcome.kind === 'postponed' ? 'proxy_error' : 'http_status',
    errorMessage: isSuccess ? null : `the endpoint answered ${statusCode}`,
    remoteAddress: '192.0.2.1',
    responseHeaders: { 'content-type': 'text/plain' },
    responseBody: isSuccess ? 'ok' : 'not now',
    isResponseTruncated: false,
  };
}
