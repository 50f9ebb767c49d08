import type { JSONType } from '@eventstore/db-client';
import type { Clock } from '../kernel/index.js';
import { appendCertainly, newEvents } from './certain-append.js';
import type { EventStoreClient } from './event-store-client.js';

/** The contract of a stream that keeps a lease and its checkpoint. Each event tells the whole of it. */
export interface LeaseEvent<Checkpoint> {
  readonly type: 'LeaseTaken' | 'LeaseRenewed' | 'CheckpointAdvanced' | 'LeaseReleased';
  readonly data: {
    readonly v: 1;
    /** Instance that holds the lease; `null` when it was given back. */
    readonly owner: string | null;
    /** Others may take it when this long has passed since they saw this event, and nothing followed. */
    readonly leaseMs: number;
    /** `null` until the first one was recorded. */
    readonly checkpoint: Checkpoint | null;
  };
}

/** Under which a lease is held. */
export interface LeaseTerms {
  readonly client: Pick<EventStoreClient, 'appendToStream' | 'readStream' | 'setStreamMetadata'>;
  readonly clock: Clock;
  /** The stream that keeps it. */
  readonly stream: string;
  /** This instance: different from every other and from its own earlier lives. */
  readonly owner: string;
  /** Whether this process alone can append: then whoever holds the lease is gone, and it needs no renewal. */
  readonly isExclusive: boolean;
  readonly leaseMs: number;
}

interface HeldState<Checkpoint> {
  readonly revision: bigint;
  readonly checkpoint: Checkpoint | null;
  /** When what was recorded last was begun to be recorded: others count from later than that. */
  readonly renewedAt: number;
}

/** A lease that this instance holds: it renews itself until it is released or lost. */
export class HeldLease<Checkpoint extends JSONType> {
  readonly #terms: LeaseTerms;
  readonly #lost = new AbortController();
  #state: HeldState<Checkpoint>;
  #recording: Promise<unknown> = Promise.resolve();
  #underWay = 0;
  #released: Promise<void> | undefined;
  #cancelTimer: () => void = () => undefined;

  /** Made by `LeasedCheckpoint`. */
  constructor(terms: LeaseTerms, state: HeldState<Checkpoint>) {
    this.#terms = terms;
    this.#state = state;
    if (!terms.isExclusive) this.#watch();
  }

  /** The checkpoint as recorded last. */
  get checkpoint(): Checkpoint | null {
    return this.#state.checkpoint;
  }

  /** Aborted once another instance may hold the lease: whoever works under it has to stop. Also after `release`. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /**
   * Whether the lease may be relied on now. Unlike `lost`, which a timer aborts, this is true to the clock also in the
   * first moment after the process was suspended.
   */
  isHeld(): boolean {
    const { isExclusive, leaseMs } = this.#terms;
    // Given up well before another may take it.
    if (!isExclusive && this.#ageMs() >= (leaseMs * 2) / 3) this.#end();
    return !this.#lost.signal.aborted;
  }

  /**
   * Records a new checkpoint.
   *
   * @returns `false` when the lease was lost or is being given back: then it is not recorded
   * @throws what the event store refuses for good
   */
  advance(checkpoint: Checkpoint): Promise<boolean> {
    return this.#released ? Promise.resolve(false) : this.#record('CheckpointAdvanced', checkpoint);
  }

  /**
   * Gives the lease back, so that another instance may take it at once. Never rejects; while the event store cannot be
   * reached, it tries for no longer than a third of the lease.
   *
   * @param checkpoint recorded along with it; default: the one recorded last
   */
  release(checkpoint?: Checkpoint): Promise<void> {
    this.#released ??= this.#release(checkpoint);
    return this.#released;
  }

  async #release(checkpoint?: Checkpoint): Promise<void> {
    const { clock, leaseMs } = this.#terms;
    const cancelPatience = clock.setTimer(() => {
      this.#end();
    }, leaseMs / 3);
    await this.#record('LeaseReleased', checkpoint).catch(() => false);
    cancelPatience();
    this.#end();
  }

  /** One after the other. Without a checkpoint: with the one recorded last when its turn comes. */
  #record(type: LeaseEvent<Checkpoint>['type'], checkpoint?: Checkpoint): Promise<boolean> {
    this.#underWay += 1;
    const recording = this.#recording
      .then(() => this.#append(type, checkpoint ?? this.#state.checkpoint))
      .finally(() => {
        this.#underWay -= 1;
      });
    this.#recording = recording.catch(() => undefined);
    return recording;
  }

  async #append(
    type: LeaseEvent<Checkpoint>['type'],
    checkpoint: Checkpoint | null,
  ): Promise<boolean> {
    if (!this.isHeld()) return false;
    const { client, clock, leaseMs, owner, stream } = this.#terms;
    const renewedAt = clock.monotonic();
    const event: LeaseEvent<Checkpoint> = {
      type,
      data: { v: 1, owner: type === 'LeaseReleased' ? null : owner, leaseMs, checkpoint },
    };
    const outcome = await appendCertainly(stream, newEvents([event]), {
      client,
      clock,
      expectedRevision: this.#state.revision,
      signal: this.#lost.signal,
    }).catch((error: unknown) => {
      if (this.#lost.signal.aborted) return undefined;
      throw error;
    });
    if (outcome?.kind !== 'appended') {
      this.#end();
      return false;
    }
    this.#state = { revision: outcome.revision, checkpoint, renewedAt };
    return true;
  }

  /** Renews at a third of the lease, unless something is being recorded: that renews it as well. */
  #watch(): void {
    const { clock, leaseMs } = this.#terms;
    this.#cancelTimer = clock.setTimer(() => {
      if (!this.isHeld()) return;
      if (this.#ageMs() >= leaseMs / 3 && this.#underWay === 0 && !this.#released) {
        this.#record('LeaseRenewed').catch(() => {
          this.#end();
        });
      }
      this.#watch();
    }, leaseMs / 6);
  }

  #ageMs(): number {
    return this.#terms.clock.monotonic() - this.#state.renewedAt;
  }

  #end(): void {
    this.#cancelTimer();
    this.#lost.abort();
  }
}
