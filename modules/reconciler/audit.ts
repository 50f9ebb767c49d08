import type { RecordedEvent } from '@eventstore/db-client';
import { isOutcomeUnknown } from '../event-store/index.js';
import type { Membership } from '../feed/index.js';
import { type Clock, isPosthornError } from '../kernel/index.js';
import type { KnownDeliveries } from './known-deliveries.port.js';
import type { ExpectedDelivery, ReconcileDelivery } from './reconcile-delivery.port.js';
import type { UnresolvedStretch } from './reconciler.events.js';
import { stretchOf } from './unresolved-stretches.js';

/** Deliveries that are looked up at once. */
const LOOKED_UP_AT_ONCE = 1_000;
/** Deliveries that are recorded at once: what is missing takes turns with what is new. */
const RECORDED_AT_ONCE = 16;

export interface AuditDependencies {
  readonly membership: Membership;
  readonly known: KnownDeliveries;
  readonly deliveries: ReconcileDelivery;
  readonly clock: Clock;
}

/** What was found in some records of the log. */
export interface AuditedPage {
  /** Events of the application among them. */
  readonly events: number;
  /** Deliveries that were missing, and are recorded now. */
  readonly reconciled: number;
  /** A reader that has followed the log up to here knows all deliveries of these events. */
  readonly recordedUpTo: bigint;
  /** Events whose deliveries could not be established. */
  readonly unresolved: readonly UnresolvedStretch[];
}

/**
 * Looks whether every event has its deliveries, and records those that are missing.
 *
 * Guarantees: the events are matched against a registry that was read after they were; a delivery that the read model
 * does not know is recorded on the condition that it has no stream, so whatever the read model missed is met there; an
 * event that cannot be matched, or whose delivery cannot be recorded, stops no other.
 */
export class Audit {
  readonly #dependencies: AuditDependencies;

  constructor(dependencies: AuditDependencies) {
    this.#dependencies = dependencies;
  }

  /**
   * @param recordedUpTo position up to which the log holds everything that was recorded of these events by the feed
   * @throws when the event store or the read model cannot be asked: nothing is decided then, and all may be repeated
   */
  async page(records: readonly RecordedEvent[], recordedUpTo: bigint): Promise<AuditedPage> {
    const { membership } = this.#dependencies;
    const events = records.filter((record) => membership.isOfApplication(record));
    const findings: Findings = { reconciled: 0, recordedUpTo, unresolved: new Map() };
    if (events.length > 0) await membership.barrier();
    for (const batch of this.#batches(events, findings)) {
      await this.#settle(batch, recordedUpTo, findings);
    }
    const { reconciled, unresolved } = findings;
    return {
      events: events.length,
      reconciled,
      recordedUpTo: findings.recordedUpTo,
      unresolved: [...unresolved.values()],
    };
  }

  /** The deliveries that there should be, in batches, so that memory does not grow with the webhooks. */
  *#batches(
    events: readonly RecordedEvent[],
    findings: Findings,
  ): Generator<readonly ExpectedDelivery[]> {
    let batch: ExpectedDelivery[] = [];
    for (const event of events) {
      batch.push(...this.#expectedOf(event, findings));
      if (batch.length < LOOKED_UP_AT_ONCE) continue;
      yield batch;
      batch = [];
    }
    if (batch.length > 0) yield batch;
  }

  #expectedOf(event: RecordedEvent, findings: Findings): readonly ExpectedDelivery[] {
    try {
      const { tenantId, webhooks } = this.#dependencies.membership.of(event, positionOf(event));
      return webhooks.map((webhook) => ({ event, tenantId, webhook }));
    } catch (error) {
      this.#unresolved(event, error, findings);
      return [];
    }
  }

  async #settle(
    expected: readonly ExpectedDelivery[],
    recordedUpTo: bigint,
    findings: Findings,
  ): Promise<void> {
    const { deliveries, known } = this.#dependencies;
    const byId = new Map(expected.map((each) => [deliveries.idOf(each), each]));
    const [first] = expected;
    const there = await known.among({
      deliveryIds: [...byId.keys()],
      recordedUpTo,
      recordedAbove: first ? positionOf(first.event) : -1n,
    });
    const missing = [...byId].flatMap(([id, each]) => (there.has(id) ? [] : [each]));
    for (let from = 0; from < missing.length; from += RECORDED_AT_ONCE) {
      const some = missing.slice(from, from + RECORDED_AT_ONCE);
      await Promise.all(some.map((each) => this.#record(each, findings)));
    }
  }

  async #record(expected: ExpectedDelivery, findings: Findings): Promise<void> {
    try {
      const position = await this.#dependencies.deliveries.record(expected);
      if (position === null) return;
      findings.reconciled += 1;
      if (position > findings.recordedUpTo) findings.recordedUpTo = position;
    } catch (error) {
      if (isOutcomeUnknown(error)) throw error;
      this.#unresolved(expected.event, error, findings);
    }
  }

  #unresolved(event: RecordedEvent, error: unknown, { unresolved }: Findings): void {
    const { clock } = this.#dependencies;
    unresolved.set(positionOf(event), stretchOf(event, codeOf(error), clock.now()));
  }
}

interface Findings {
  reconciled: number;
  recordedUpTo: bigint;
  /** By position: an event may fail for several webhooks. */
  readonly unresolved: Map<bigint, UnresolvedStretch>;
}

function positionOf(event: RecordedEvent): bigint {
  return event.position?.commit ?? 0n;
}

function codeOf(error: unknown): string {
  if (isPosthornError(error)) return error.code;
  return error instanceof Error ? error.name : 'unknown';
}
