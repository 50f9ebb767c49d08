import { Inject, Injectable, Logger } from '@nestjs/common';
import { DELIVERY_OPTIONS, type DeliveryOptions } from '../delivery/index.js';
import {
  EVENT_STORE,
  type EventStore,
  type HeldLease,
  LeasedCheckpoint,
  STREAM_NAMES,
  StreamNames,
} from '../event-store/index.js';
import {
  Bookmarks,
  endOfLog,
  Membership,
  OBSERVED_POSITION,
  type ObservedPosition,
  startingPosition,
} from '../feed/index.js';
import { CLOCK, type Clock, pause } from '../kernel/index.js';
import { Audit } from './audit.js';
import { Auditor } from './auditor.js';
import { KNOWN_DELIVERIES, type KnownDeliveries } from './known-deliveries.port.js';
import { RECONCILE_DELIVERY, type ReconcileDelivery } from './reconcile-delivery.port.js';
import type { AuditCheckpoint } from './reconciler.events.js';
import { RECONCILER_OPTIONS, type ReconcilerOptions } from './reconciler.options.js';
import { countOf } from './unresolved-stretches.js';

const TRY_AGAIN_MS = 5_000;
/** What a shutdown allows the reconciler for giving back its lease. */
const FAREWELL_MS = 2_000;

export type ReconcilerState =
  | 'stopped'
  /** Another instance audits. */
  | 'waiting'
  | 'auditing'
  /** It audits, and cannot go on just now. */
  | 'failing';

/** What the reconciler of this instance tells about itself. */
export interface ReconcilerHealth {
  readonly state: ReconcilerState;
  /** As far as this instance knows; `null` when it knows nothing yet. */
  readonly auditedPosition: bigint | null;
  /** Unresolved events, as far as this instance knows. */
  readonly unresolved: number;
  /** Missing deliveries that this instance recorded. */
  readonly reconciled: number;
  readonly error: string | null;
}

/**
 * Finds what the consumer group lost: one instance at a time reads the log behind the observed position, matches each
 * event anew, and records every delivery that has no stream.
 *
 * Guarantee: every event between `from` and the audited position has a delivery for each webhook that it is a member of,
 * the unresolved ones excepted. So what did not arrive is exactly the deliveries that did not succeed.
 */
@Injectable()
export class Reconciler {
  readonly #logger = new Logger('Reconciler');
  readonly #store: EventStore;
  readonly #names: StreamNames;
  readonly #clock: Clock;
  readonly #options: ReconcilerOptions;
  readonly #observed: ObservedPosition;
  readonly #audit: Audit;
  readonly #lease: LeasedCheckpoint<AuditCheckpoint>;
  readonly #ending = new AbortController();
  #state: ReconcilerState = 'stopped';
  #error: string | null = null;
  #auditor: Auditor | undefined;
  #seen: AuditCheckpoint | null = null;
  #reconciledBefore = 0;
  #running: Promise<void> = Promise.resolve();

  constructor(
    @Inject(EVENT_STORE) store: EventStore,
    @Inject(STREAM_NAMES) names: StreamNames,
    @Inject(CLOCK) clock: Clock,
    @Inject(RECONCILER_OPTIONS) options: ReconcilerOptions,
    @Inject(DELIVERY_OPTIONS) { instanceId }: DeliveryOptions,
    membership: Membership,
    @Inject(OBSERVED_POSITION) observed: ObservedPosition,
    @Inject(KNOWN_DELIVERIES) known: KnownDeliveries,
    @Inject(RECONCILE_DELIVERY) deliveries: ReconcileDelivery,
  ) {
    this.#store = store;
    this.#names = names;
    this.#clock = clock;
    this.#options = options;
    this.#observed = observed;
    this.#audit = new Audit({ membership, known, deliveries, clock });
    this.#lease = new LeasedCheckpoint({
      client: store.client,
      clock,
      stream: names.reconciler,
      owner: instanceId,
      isExclusive: store.capabilities.isExclusive,
      leaseMs: options.leaseMs,
    });
  }

  get health(): ReconcilerHealth {
    const checkpoint = this.#auditor?.checkpoint ?? this.#seen;
    return {
      state: this.#state,
      auditedPosition: checkpoint && BigInt(checkpoint.position),
      unresolved: countOf(checkpoint?.unresolved ?? []),
      reconciled: this.#reconciledBefore + (this.#auditor?.reconciled ?? 0),
      error: this.#error,
    };
  }

  /** What is audited, by whichever instance; `null` when nothing is yet. @throws what the event store throws */
  async audited(): Promise<AuditCheckpoint | null> {
    return this.#auditor?.checkpoint ?? this.#lease.read();
  }

  /** Begins to audit, or to wait until no other instance does. */
  start(): void {
    this.#state = 'waiting';
    this.#running = this.#run(this.#ending.signal);
  }

  /** Ends after what is under way; another instance may take over at once. Never rejects. */
  async close(): Promise<void> {
    this.#ending.abort();
    let cancel = (): void => undefined;
    const patience = new Promise<void>((resolve) => {
      cancel = this.#clock.setTimer(resolve, FAREWELL_MS);
    });
    await Promise.race([this.#running, patience]);
    cancel();
    this.#state = 'stopped';
  }

  /** Never rejects. */
  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#takeTurn(signal);
      } catch (error) {
        this.#failed(error);
      }
      await pause(this.#clock, Math.min(TRY_AGAIN_MS, this.#options.leaseMs / 5), signal);
    }
  }

  /** Audits for as long as this instance holds the lease; returns when another does. */
  async #takeTurn(signal: AbortSignal): Promise<void> {
    const view = await this.#lease.look();
    this.#seen = view.checkpoint;
    const lease = await this.#lease.take(view, signal);
    if (!lease) {
      this.#state = 'waiting';
      this.#error = null;
      return;
    }
    try {
      await this.#auditUnder(lease, AbortSignal.any([signal, lease.lost]));
    } finally {
      await lease.release(this.#auditor?.checkpoint);
      this.#seen = lease.checkpoint;
      this.#reconciledBefore += this.#auditor?.reconciled ?? 0;
      this.#auditor = undefined;
    }
  }

  async #auditUnder(lease: HeldLease<AuditCheckpoint>, signal: AbortSignal): Promise<void> {
    const { client } = this.#store;
    const auditor = new Auditor({
      client,
      clock: this.#clock,
      observed: this.#observed,
      endOfLog: () => endOfLog(client),
      audit: this.#audit,
      options: this.#options,
      lease,
      start: lease.checkpoint ?? (await this.#begin(lease)),
    });
    this.#auditor = auditor;
    this.#state = 'auditing';
    this.#logger.log(`auditing from position ${auditor.checkpoint.position}`);
    while (!signal.aborted) {
      try {
        await auditor.round(signal);
        this.#state = 'auditing';
        this.#error = null;
      } catch (error) {
        this.#failed(error);
        await pause(this.#clock, TRY_AGAIN_MS, signal);
      }
    }
  }

  /**
   * Auditing begins where observing did: at the first registration of a webhook, else at the end of the log. In a log of an
   * earlier version, which audited nothing, at the last bookmark of that version. Recorded at once, because the same
   * question would have another answer later.
   */
  async #begin(lease: HeldLease<AuditCheckpoint>): Promise<AuditCheckpoint> {
    const { client } = this.#store;
    const names = this.#names;
    const bookmarks = new Bookmarks({ client, names, clock: this.#clock });
    const from = await startingPosition({ client, names, bookmark: () => bookmarks.earlier() });
    const position = (from - 1n).toString();
    const start: AuditCheckpoint = {
      v: 1,
      from: from.toString(),
      position,
      recordedUpTo: position,
      unresolved: [],
    };
    await lease.advance(start);
    return start;
  }

  #failed(error: unknown): void {
    if (this.#ending.signal.aborted) return;
    this.#state = 'failing';
    this.#error = error instanceof Error ? error.message : String(error);
    this.#logger.warn(`auditing is interrupted: ${this.#error}`);
  }
}
