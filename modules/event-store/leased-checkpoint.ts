import { END, ErrorType, type JSONType } from '@eventstore/db-client';
import { pause } from '../kernel/index.js';
import { appendCertainly, isOutcomeUnknown, newEvents } from './certain-append.js';
import { isClientError } from './client-error.js';
import { HeldLease, type LeaseEvent, type LeaseTerms } from './held-lease.js';

export { HeldLease, type LeaseEvent } from './held-lease.js';

export interface LeasedCheckpointOptions extends Omit<LeaseTerms, 'leaseMs'> {
  /** Default 15,000. */
  readonly leaseMs?: number;
}

/** A lease as one observer sees it. */
export interface LeaseView<Checkpoint> {
  /** Instance that holds it; `null` when this instance may take it. */
  readonly holder: string | null;
  /** The checkpoint that was recorded last, by whomever; `null` when none was. */
  readonly checkpoint: Checkpoint | null;
  readonly revision: bigint | 'no_stream';
}

type Recorded<Checkpoint> = LeaseEvent<Checkpoint>['data'] &
  Pick<LeaseView<Checkpoint>, 'revision'>;

const DEFAULT_LEASE_MS = 15_000;
/** Of the events of the stream only the last one counts. */
const KEPT_EVENTS = 10;

/**
 * A checkpoint that one instance at a time advances, under a lease that others take over when it is no longer renewed.
 *
 * Guarantees: every record is appended with the revision that its owner saw last, so an owner that was deposed without
 * noticing (a pause, a lost network) can record nothing more; no clock is compared with that of another machine.
 */
export class LeasedCheckpoint<Checkpoint extends JSONType> {
  readonly #terms: LeaseTerms;
  /** What was seen last, and when it was first seen: a lease lapses when nothing follows for its time. */
  #seen: { readonly revision: bigint | 'no_stream'; readonly at: number } | undefined;

  constructor(options: LeasedCheckpointOptions) {
    this.#terms = { ...options, leaseMs: options.leaseMs ?? DEFAULT_LEASE_MS };
  }

  /** The checkpoint that was recorded last, by whomever; `null` when none was. */
  async read(): Promise<Checkpoint | null> {
    return (await this.look()).checkpoint;
  }

  /** Looks whether the lease is held. Only who looks again and again sees that it lapsed. @throws what the client throws */
  async look(): Promise<LeaseView<Checkpoint>> {
    const { clock, isExclusive } = this.#terms;
    const { revision, owner, leaseMs, checkpoint } = await this.#last();
    if (this.#seen?.revision !== revision) this.#seen = { revision, at: clock.monotonic() };
    const isLapsed = clock.monotonic() - this.#seen.at >= leaseMs;
    const isFree = owner === this.#terms.owner || isLapsed || isExclusive;
    return { holder: isFree ? null : owner, checkpoint, revision };
  }

  /**
   * Takes the lease as `view` shows it, unless another instance was faster.
   *
   * @returns `undefined` when the lease is another's, or once `signal` aborts
   * @throws what the client throws
   */
  async take(
    view: LeaseView<Checkpoint>,
    signal: AbortSignal,
  ): Promise<HeldLease<Checkpoint> | undefined> {
    if (view.holder !== null || signal.aborted) return undefined;
    const { client, clock, leaseMs, owner, stream } = this.#terms;
    const { checkpoint, revision } = view;
    const renewedAt = clock.monotonic();
    if (revision === 'no_stream') await client.setStreamMetadata(stream, { maxCount: KEPT_EVENTS });
    const taken: LeaseEvent<Checkpoint> = {
      type: 'LeaseTaken',
      data: { v: 1, owner, leaseMs, checkpoint },
    };
    const options = { client, clock, expectedRevision: revision, signal };
    const outcome = await appendCertainly(stream, newEvents([taken]), options);
    if (outcome.kind !== 'appended') return undefined;
    const held = { revision: outcome.revision, checkpoint, renewedAt };
    const lease = new HeldLease<Checkpoint>(this.#terms, held);
    if (!isAborted(signal)) return lease;
    await lease.release(); // nobody is there any more who would
    return undefined;
  }

  /**
   * Waits until this instance holds the lease.
   *
   * @returns `undefined` once `signal` aborts
   * @throws what the event store refuses for good; while it cannot be reached, this goes on trying
   */
  async acquire(signal: AbortSignal): Promise<HeldLease<Checkpoint> | undefined> {
    const { clock, leaseMs } = this.#terms;
    while (!signal.aborted) {
      try {
        const lease = await this.take(await this.look(), signal);
        if (lease) return lease;
      } catch (error) {
        if (!isOutcomeUnknown(error)) throw error;
      }
      await pause(clock, leaseMs / 5, signal);
    }
    return undefined;
  }

  async #last(): Promise<Recorded<Checkpoint>> {
    const { client, stream } = this.#terms;
    const newest = { direction: 'backwards', fromRevision: END, maxCount: 1 } as const;
    const none = {
      v: 1,
      revision: 'no_stream',
      owner: null,
      leaseMs: 0,
      checkpoint: null,
    } as const;
    let last: Recorded<Checkpoint> = none;
    try {
      // To its end: the official client cannot be disposed of after a read that was left before.
      for await (const { event } of client.readStream(stream, newest)) {
        if (!event) continue;
        const { data } = event as unknown as LeaseEvent<Checkpoint>;
        last = { ...data, revision: event.revision };
      }
    } catch (error) {
      if (!isClientError(error, ErrorType.STREAM_NOT_FOUND)) throw error;
    }
    return last;
  }
}

/** Also after an await, before which the compiler remembers another answer. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
