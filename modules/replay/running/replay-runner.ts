import { randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { Logger } from '@nestjs/common';
import type { Subscription } from 'rxjs';
import {
  type EventStore,
  isOutcomeUnknown,
  LeasedCheckpoint,
  type StreamNames,
} from '../../event-store/index.js';
import { type CancelTimer, isPosthornError } from '../../kernel/index.js';
import type { RegistryDirectory } from '../../registry/index.js';
import type { RegistrationReplays } from '../registration-replays.js';
import type { ReplayIndex } from '../replay-index.port.js';
import { hasEnded } from '../replay-record.events.js';
import { obstacleOf } from './obstacle.js';
import { BY_ITSELF } from '../replay-rules.js';
import { ReplayRun, type ReplayRunDependencies } from './replay-run.js';

export interface ReplayRunnerDependencies extends Omit<ReplayRunDependencies, 'index'> {
  readonly store: EventStore;
  readonly names: StreamNames;
  readonly directory: Pick<RegistryDirectory, 'barrier' | 'find' | 'missingCode' | 'onChange'>;
  readonly index: ReplayIndex;
  readonly registrations: Pick<RegistrationReplays, 'startMissing'>;
}

/** Pause before a replay that met an error goes on. */
const TRY_AGAIN_MS = 5_000;
/** A replay that meets the same refusal so often in a row needs a person. */
const MOST_FAILURES = 5;
/** What a close allows the pieces under way. */
const CLOSE_MS = 5_000;

/** A replay that this instance runs, or waits to run. */
interface Running {
  readonly run: ReplayRun;
  readonly ended: Promise<void>;
  /** It changed since: whatever it ends with, it is looked at again. */
  isChanged: boolean;
}

/**
 * Runs the replays that have not ended, each under a lease: one instance at a time, and another one when that dies.
 *
 * The lease only keeps instances from doing the same work twice. What makes it right is that progress is recorded on the
 * replay's own stream, as a continuation of the progress that was recorded before.
 */
export class ReplayRunner {
  readonly #logger = new Logger('Replays');
  readonly #dependencies: ReplayRunnerDependencies;
  readonly #owner = randomUUID();
  readonly #closing = new AbortController();
  readonly #running = new Map<string, Running>();
  readonly #failures = new Map<string, number>();
  readonly #timers = new Set<CancelTimer>();
  #subscription: Subscription | undefined;
  #stopListening: (() => void) | undefined;
  #lookingAround: Promise<void> | undefined;
  #mustLookAgain = false;

  constructor(dependencies: ReplayRunnerDependencies) {
    this.#dependencies = dependencies;
    setMaxListeners(0, this.#closing.signal); // every run, and every pause of one, listens
  }

  /** Takes up every replay that has not ended, and each that is started from now on. */
  start(): void {
    const { directory, index } = this.#dependencies;
    this.#subscription = index.changes.subscribe((replayIds) => {
      for (const replayId of replayIds) this.takeUp(replayId);
    });
    this.#stopListening = directory.onChange(() => {
      this.#lookAround();
    });
    this.#lookAround();
  }

  /** Stops each replay after the piece under way, and gives the leases back. */
  async close(): Promise<void> {
    this.#subscription?.unsubscribe();
    this.#stopListening?.();
    this.#closing.abort();
    for (const cancel of this.#timers) cancel();
    // An append that nobody answers is given up by the deliveries, which end later.
    const ends = [...this.#running.values()].map(({ ended }) => ended);
    let cancel: CancelTimer | undefined;
    const patience = new Promise<void>((resolve) => {
      cancel = this.#dependencies.clock.setTimer(resolve, CLOSE_MS);
    });
    await Promise.race([Promise.all([...ends, this.#lookingAround]), patience]);
    cancel?.();
  }

  /** Runs the replay if it is to be run; looks at it again if it runs here. */
  takeUp(replayId: string): void {
    // Before the start, what is due may not be known yet; the start takes up what there is.
    if (!this.#subscription || this.#isClosing()) return;
    const running = this.#running.get(replayId);
    if (running) {
      running.isChanged = true;
      running.run.nudge();
      return;
    }
    const run = new ReplayRun(replayId, this.#dependencies);
    const ended = this.#carryOut(replayId, run).then(() => {
      const { isChanged } = this.#running.get(replayId) ?? { isChanged: false };
      this.#running.delete(replayId);
      if (isChanged) this.takeUp(replayId);
    });
    this.#running.set(replayId, { run, ended, isChanged: false });
  }

  #isClosing(): boolean {
    return this.#closing.signal.aborted;
  }

  /** Never rejects. */
  async #carryOut(replayId: string, run: ReplayRun): Promise<void> {
    try {
      await this.#underLease(replayId, run);
      this.#failures.delete(replayId);
    } catch (error) {
      if (!this.#isClosing()) await this.#failed(replayId, error);
    }
  }

  async #underLease(replayId: string, run: ReplayRun): Promise<void> {
    const { clock, directory, journal, names, store } = this.#dependencies;
    const { replay } = await journal.load(replayId);
    if (!replay || hasEnded(replay)) return;
    await directory.barrier(); // read after the replay was: a webhook that is not known now is gone
    const obstacle = obstacleOf(replay, directory);
    if (obstacle?.kind === 'gone') await this.#cancel(replayId, obstacle.reason);
    if (obstacle || replay.status !== 'running') return;
    const lease = await new LeasedCheckpoint({
      client: store.client,
      clock,
      stream: names.replayLease(replayId),
      owner: this.#owner,
      isExclusive: store.capabilities.isExclusive,
    }).acquire(this.#closing.signal);
    if (!lease) return;
    try {
      await run.run(AbortSignal.any([lease.lost, this.#closing.signal]));
      const running = this.#running.get(replayId);
      if (running && lease.lost.aborted) running.isChanged = true;
    } finally {
      await lease.release();
    }
  }

  /** Also of a replay that is paused or failed: nobody can make it go on. */
  async #cancel(replayId: string, reason: string): Promise<void> {
    const { clock, journal } = this.#dependencies;
    const signal = this.#closing.signal;
    const decision = { by: BY_ITSELF, reason, now: clock.now() };
    await journal.record(replayId, { kind: 'cancel', ...decision }, { signal });
  }

  /** Errors that pass by themselves are waited out; a refusal that comes again and again needs a person. */
  async #failed(replayId: string, error: unknown): Promise<void> {
    const isPassing = isOutcomeUnknown(error) || (isPosthornError(error) && error.status >= 500);
    const failures = isPassing ? 0 : (this.#failures.get(replayId) ?? 0) + 1;
    this.#failures.set(replayId, failures);
    this.#logger.warn(`replay ${replayId} is interrupted: ${String(error)}`);
    if (failures < MOST_FAILURES || !(await this.#giveUp(replayId, error))) {
      this.#later(() => {
        this.takeUp(replayId);
      });
    }
  }

  async #giveUp(replayId: string, error: unknown): Promise<boolean> {
    const { clock, journal } = this.#dependencies;
    const code = isPosthornError(error) ? error.code : nameOf(error);
    const message = error instanceof Error ? error.message : String(error);
    try {
      const signal = this.#closing.signal;
      await journal.record(replayId, { kind: 'fail', code, message, now: clock.now() }, { signal });
      this.#failures.delete(replayId);
      this.#logger.error(`replay ${replayId} failed and waits to be resumed: ${message}`);
      return true;
    } catch {
      return false; // as unreachable as what it was about: it is tried again
    }
  }

  /** Looks for replays to start and to take up, once more after the look under way if there is one. */
  #lookAround(): void {
    this.#mustLookAgain = true;
    this.#lookingAround ??= this.#look().finally(() => {
      this.#lookingAround = undefined;
    });
  }

  /** Never rejects. */
  async #look(): Promise<void> {
    const { index, registrations } = this.#dependencies;
    try {
      while (this.#mustLookAgain && !this.#isClosing()) {
        this.#mustLookAgain = false;
        for (const replayId of await registrations.startMissing()) this.takeUp(replayId);
        for (const { replayId } of await index.unfinished()) this.takeUp(replayId);
      }
    } catch (error) {
      if (this.#isClosing()) return;
      this.#logger.warn(`replays cannot be looked for: ${String(error)}`);
      this.#later(() => {
        this.#lookAround();
      });
    }
  }

  #later(work: () => void): void {
    const cancel = this.#dependencies.clock.setTimer(() => {
      this.#timers.delete(cancel);
      work();
    }, TRY_AGAIN_MS);
    this.#timers.add(cancel);
  }
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : 'unknown';
}
