import type { Clock } from '../../kernel/index.js';
import type { WebhookDirectory } from '../../registry/index.js';
import type { ReplayIndex } from '../replay-index.port.js';
import type { LoadedReplay, RecordedReplay, ReplayJournal } from '../replay-journal.js';
import { NO_COUNTS, type ReplayRecord } from '../replay-record.events.js';
import { BY_ITSELF } from '../replay-rules.js';
import type { Turnstile } from './bounded-work.js';
import { PAGE } from './history-stepper.js';
import { obstacleOf } from './obstacle.js';
import { Pace } from './pace.js';
import {
  plus,
  progressOf,
  type ReplayProgress,
  type ReplayStep,
  type ReplayStepper,
  sentIn,
} from './replay-progress.js';
import { Room } from './room.js';

/** Progress is recorded once so many were matched, or so much time has passed, whatever comes first. */
const RECORD_EVERY = 500;
const RECORD_EVERY_MS = 2_000;
/** Pause before a lane that had no room, or a feed that was behind, is looked at again. */
const LOOK_AGAIN_MS = 100;

export interface ReplayRunDependencies {
  readonly journal: ReplayJournal;
  readonly clock: Clock;
  readonly directory: Pick<WebhookDirectory, 'find' | 'missingCode'>;
  readonly index: Pick<ReplayIndex, 'backlog'>;
  readonly turnstile: Turnstile;
  readonly stepperOf: (replay: ReplayRecord) => ReplayStepper;
}

/**
 * One replay while this instance runs it, under a lease.
 *
 * Steps are done one after the other; what they did is recorded now and then, always as a continuation of the record that
 * they began with. What was done and not recorded is done again by whoever goes on, to no effect.
 */
export class ReplayRun {
  readonly #dependencies: ReplayRunDependencies;
  readonly #replayId: string;
  readonly #pace: Pace;
  #room: Room | null | undefined;
  #stepper: ReplayStepper | undefined;
  #loaded: LoadedReplay = { replay: undefined, revision: 'no_stream' };
  #progress: ReplayProgress = { cursor: null, counts: NO_COUNTS };
  #recordedAt = 0;
  #isStale = true;
  #wake: () => void = () => undefined;

  constructor(replayId: string, dependencies: ReplayRunDependencies) {
    this.#replayId = replayId;
    this.#dependencies = dependencies;
    this.#pace = new Pace(dependencies.clock);
  }

  /** Somebody may have decided something: looks at once. */
  nudge(): void {
    this.#isStale = true;
    this.#wake();
  }

  /**
   * Goes on until the replay ends, is halted, or has to rest, or until `signal` aborts.
   *
   * @throws whatever went wrong: nothing is lost, and nothing done twice, when it is run again
   */
  async run(signal: AbortSignal): Promise<void> {
    this.#recordedAt = this.#dependencies.clock.monotonic();
    while (!signal.aborted) {
      if (this.#isStale) await this.#look(signal);
      const { replay } = this.#loaded;
      if (replay?.status !== 'running') return;
      if (!(await this.#goOn(replay, signal))) return;
    }
    await this.#record(signal);
  }

  /** @returns whether there is more to do now */
  async #goOn(replay: ReplayRecord, signal: AbortSignal): Promise<boolean> {
    const { directory, turnstile } = this.#dependencies;
    const obstacle = obstacleOf(replay, directory);
    if (obstacle) {
      await this.#record(signal);
      if (obstacle.kind === 'gone') await this.#cancel(obstacle.reason, signal);
      return false;
    }
    const stepper = (this.#stepper ??= this.#dependencies.stepperOf(replay));
    const allowance = this.#pace.allowance(replay.perSecond);
    if (allowance === 0) return this.#wait(this.#pace.waitMs(replay.perSecond ?? 1), signal);
    const free = await this.#free(replay);
    if (free === 0) return this.#waitForRoom(replay, signal);
    const limit = Math.min(PAGE, allowance, free);
    const step = await turnstile.pass(() => stepper.step(this.#progress, limit));
    this.#take(step);
    if (step.isEnd) return this.#complete(signal);
    if (step.mustWait) return this.#wait(LOOK_AGAIN_MS, signal);
    if (this.#isRecordDue(replay)) await this.#record(signal);
    return true;
  }

  /** A webhook that is paused gives no room until it is resumed: others may run meanwhile. */
  #waitForRoom(replay: ReplayRecord, signal: AbortSignal): Promise<boolean> {
    const webhookId = webhookOf(replay);
    const webhook = webhookId === null ? undefined : this.#dependencies.directory.find(webhookId);
    if (webhook?.status !== 'paused') return this.#wait(LOOK_AGAIN_MS, signal, true);
    return this.#record(signal).then(() => false);
  }

  async #free(replay: ReplayRecord): Promise<number> {
    const webhookId = webhookOf(replay);
    this.#room ??= webhookId === null ? null : new Room(this.#dependencies.index, webhookId);
    return this.#room ? this.#room.free() : Infinity;
  }

  #take({ counts, cursor }: ReplayStep): void {
    const sent = sentIn(counts);
    this.#pace.spend(sent);
    this.#room?.spend(sent);
    this.#progress = {
      cursor: cursor ?? this.#progress.cursor,
      counts: plus(this.#progress.counts, counts),
    };
  }

  #isRecordDue({ counts }: ReplayRecord): boolean {
    const { clock } = this.#dependencies;
    return (
      this.#progress.counts.matched - counts.matched >= RECORD_EVERY ||
      clock.monotonic() - this.#recordedAt >= RECORD_EVERY_MS
    );
  }

  /** Reads what was decided meanwhile, after what was done is recorded. */
  async #look(signal: AbortSignal): Promise<void> {
    this.#isStale = false;
    await this.#record(signal);
    this.#adopt(await this.#dependencies.journal.load(this.#replayId, this.#loaded));
  }

  /** What is recorded counts: of what was done beyond it by somebody who is deposed, nothing is known here. */
  #adopt(loaded: LoadedReplay): void {
    const before = this.#loaded.replay;
    this.#loaded = loaded;
    if (!loaded.replay) return;
    // `undefined` is no cursor: what is loaded first is always gone on from.
    if (loaded.replay.cursor !== before?.cursor) this.#progress = progressOf(loaded.replay);
  }

  async #record(signal: AbortSignal): Promise<void> {
    const { clock, journal } = this.#dependencies;
    const { replay } = this.#loaded;
    const { counts, cursor } = this.#progress;
    if (!replay || cursor === null || cursor === replay.cursor) return;
    const elapsedMs = Math.max(1, clock.monotonic() - this.#recordedAt);
    const matched = counts.matched - replay.counts.matched;
    const throughput = Math.round((matched / elapsedMs) * 10_000) / 10;
    const from = replay.cursor;
    this.#recorded(
      await journal.record(
        this.#replayId,
        { kind: 'advance', from, cursor, counts, throughput, now: clock.now() },
        { from: this.#loaded, signal },
      ),
    );
  }

  #recorded({ after, position }: RecordedReplay): void {
    this.#recordedAt = this.#dependencies.clock.monotonic();
    this.#adopt(after);
    if (position !== null) this.#room?.recordedAt(position);
  }

  async #complete(signal: AbortSignal): Promise<boolean> {
    const { clock, journal } = this.#dependencies;
    const from = this.#loaded.replay?.cursor ?? null;
    const { counts } = this.#progress;
    const completed = await journal.record(
      this.#replayId,
      { kind: 'complete', from, counts, now: clock.now() },
      { from: this.#loaded, signal },
    );
    this.#adopt(completed.after);
    return completed.events.length === 0;
  }

  async #cancel(reason: string, signal: AbortSignal): Promise<void> {
    const { clock, journal } = this.#dependencies;
    await journal.record(
      this.#replayId,
      { kind: 'cancel', by: BY_ITSELF, reason, now: clock.now() },
      { from: this.#loaded, signal },
    );
  }

  /** @param isRecordNeeded whether what is waited for needs the record, not just whoever watches */
  async #wait(delayMs: number, signal: AbortSignal, isRecordNeeded = false): Promise<boolean> {
    const { replay } = this.#loaded;
    if (replay && (isRecordNeeded || this.#isRecordDue(replay))) await this.#record(signal);
    if (this.#isStale || signal.aborted) return true;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        cancel();
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.#wake = done;
      signal.addEventListener('abort', done, { once: true });
      const cancel = this.#dependencies.clock.setTimer(done, delayMs);
    });
    return true;
  }
}

/** The one webhook that a replay sends to; `null` when there may be several. */
function webhookOf({ scope }: ReplayRecord): string | null {
  return scope.kind === 'history' ? scope.webhookId : (scope.filter.webhookId ?? null);
}
