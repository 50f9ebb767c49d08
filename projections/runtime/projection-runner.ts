import { BACKWARDS, END } from '@eventstore/db-client';
import { Logger } from '@nestjs/common';
import type { EventStoreClient, StreamNames } from '../../modules/event-store/index.js';
import { type Clock, isPosthornError } from '../../modules/kernel/index.js';
import { type FollowedBatch, LogFollower, toSafeNumber } from './log-follower.js';
import type { ReadModelThreads } from './read-model-threads.js';

const FIRST_RETRY_MS = 100;
const LONGEST_RETRY_MS = 30_000;

/** A read model that is no more than this behind counts as caught up. */
const CAUGHT_UP_WITHIN_MS = 5_000;

/** How far the tables are behind the log. */
export interface ProjectionLag {
  /** Events that arrived and are not in the tables. */
  readonly waitingEvents: number;
  /** Age of the oldest of them in milliseconds; while the end of the log was not reached, the time since it last was. */
  readonly behindMs: number;
}

export type ReadModelState = 'starting' | 'catching-up' | 'live' | 'failing' | 'closed';

/** A batch that is now in the tables. */
export interface Commit {
  /** Everything of ours up to here is in the tables. */
  readonly position: number;
  /** What each projection's `flush` returned, by name. */
  readonly outputs: Readonly<Record<string, unknown>>;
}

export interface ProjectionRunnerDependencies {
  readonly client: EventStoreClient;
  readonly names: StreamNames;
  readonly clock: Clock;
  readonly threads: ReadModelThreads;
  readonly onCommit: (commit: Commit) => void;
}

/**
 * Keeps the tables at the end of the log. One batch at a time goes to the writing thread, while the next gathers. Whatever
 * goes wrong (the subscription ends, an event is refused, a thread dies), it begins again at the stored checkpoint, first
 * soon and then ever more slowly, until it is stopped; meanwhile `error` says why it stands still.
 */
export class ProjectionRunner {
  readonly #logger = new Logger('Projections');
  readonly #dependencies: ProjectionRunnerDependencies;
  readonly #waitingForLive = new Set<() => void>();
  #follower: LogFollower | undefined;
  #applying: FollowedBatch | undefined;
  #running: Promise<void> | undefined;
  #cancelPause: () => void = () => undefined;
  #state: ReadModelState = 'starting';
  #error: Error | null = null;
  #position = -1;
  #failures = 0;
  #lastLiveAt: number;
  #afreshBecause: string | null = null;
  #mustRestart = false;

  constructor(dependencies: ProjectionRunnerDependencies) {
    this.#dependencies = dependencies;
    this.#lastLiveAt = dependencies.clock.monotonic();
  }

  get state(): ReadModelState {
    return this.#state;
  }

  /** Why it stands still; `null` when it does not. */
  get error(): Error | null {
    return this.#error;
  }

  /** Everything of ours up to here is in the tables; -1 when they are empty. */
  get position(): number {
    return this.#position;
  }

  /** Whether the end of the log was reached, and the tables are at most a few seconds behind it. */
  get isCaughtUp(): boolean {
    return this.#state === 'live' && this.lag().behindMs <= CAUGHT_UP_WITHIN_MS;
  }

  lag(): ProjectionLag {
    const { clock } = this.#dependencies;
    const waitingEvents =
      (this.#applying?.heads.length ?? 0) + (this.#follower?.waitingEvents ?? 0);
    if (this.#state !== 'live') {
      return { waitingEvents, behindMs: clock.monotonic() - this.#lastLiveAt };
    }
    const oldest = this.#applying?.heads[0]?.[5] ?? this.#follower?.oldestWaiting;
    return {
      waitingEvents,
      behindMs: oldest === undefined ? 0 : Math.max(0, clock.now() - oldest),
    };
  }

  start(): void {
    this.#running ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#enter('closed');
    this.#cancelPause();
    await this.#follower?.stop();
    await this.#running;
  }

  /** Begins again on empty tables as soon as the batch under way is done. */
  async startAfresh(reason: string): Promise<void> {
    this.#afreshBecause = reason;
    if (this.#state !== 'closed') this.#enter('catching-up');
    this.#cancelPause();
    await this.#follower?.stop();
  }

  /** Resolves when the end of the log is reached next, at once if it is now; or when it is stopped. */
  async whenLive(): Promise<void> {
    if (this.#state === 'live' || this.#state === 'closed') return;
    await new Promise<void>((resolve) => this.#waitingForLive.add(resolve));
  }

  /** Reads past records that are not ours, so that `position` moves without any of ours arriving. */
  async lookAhead(): Promise<void> {
    if (this.#state === 'live' && !this.#applying) await this.#follower?.lookAhead();
  }

  async #run(): Promise<void> {
    while (this.#state !== 'closed') {
      try {
        await this.#prepareThreads();
        await this.#follow();
      } catch (error) {
        if (!this.#isStopped()) await this.#pauseAfter(error);
      }
    }
  }

  /** A method, because the state may change while somebody awaits. */
  #isStopped(): boolean {
    return this.#state === 'closed';
  }

  /** Whether it was stopped, or told to begin on empty tables, while it was doing something else. */
  #mustLeave(): boolean {
    return this.#isStopped() || this.#afreshBecause !== null;
  }

  async #prepareThreads(): Promise<void> {
    const { threads } = this.#dependencies;
    const reason = this.#afreshBecause;
    if (reason === null && !this.#mustRestart) return;
    if (reason !== null) this.#logger.warn(`the read model is rebuilt from the log: ${reason}`);
    await threads.restart(reason !== null);
    this.#mustRestart = false;
    if (reason === this.#afreshBecause) this.#afreshBecause = null;
  }

  /** Applies what comes, until it is told to leave. */
  async #follow(): Promise<void> {
    const { client, names, threads } = this.#dependencies;
    const { position, eventPosition } = await threads.where();
    this.#position = position;
    if (await this.#isForeign(eventPosition)) {
      this.#afreshBecause = 'the log ends before the last event that is in the tables';
      return;
    }
    const follower = new LogFollower(client, names, position);
    this.#follower = follower;
    try {
      while (!this.#mustLeave()) await this.#applyNext(follower);
    } catch (error) {
      if (!this.#mustLeave()) throw error;
    } finally {
      this.#applying = undefined;
      this.#follower = undefined;
      await follower.stop();
    }
  }

  async #applyNext(follower: LogFollower): Promise<void> {
    const batch = await follower.next();
    this.#applying = batch;
    const applied = await this.#dependencies.threads.apply(batch);
    this.#applying = undefined;
    if (applied.kind === 'overtaken') {
      throw new Error('somebody else moved the checkpoint of the read model');
    }
    if (this.#mustLeave()) return;
    this.#position = batch.position;
    this.#failures = 0;
    this.#error = null;
    this.#enter(batch.isLive ? 'live' : 'catching-up');
    this.#dependencies.onCommit({ position: batch.position, outputs: applied.outputs });
  }

  /**
   * A log that ends before the last event in the tables is not the one they were made from: it was restored from a backup,
   * or the data folder was mixed. Without this they would silently stand still until the log has grown past them.
   */
  async #isForeign(eventPosition: number): Promise<boolean> {
    const { client } = this.#dependencies;
    let end = -1;
    const last = client.readAll({ direction: BACKWARDS, fromPosition: END, maxCount: 1 });
    for await (const { link, event } of last) {
      const record = link ?? event;
      if (record) end = toSafeNumber(record.position.commit);
    }
    return eventPosition > end;
  }

  async #pauseAfter(thrown: unknown): Promise<void> {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    this.#error = error;
    this.#enter('failing');
    if (isPosthornError(error, 'PSH_PROJECTION_FILE_DAMAGED')) {
      this.#afreshBecause = 'its file is damaged';
    }
    // The thread may be dead; to start both again costs little beside the pause.
    this.#mustRestart ||= isPosthornError(error, 'PSH_PROJECTION_UNAVAILABLE');
    const pauseMs = Math.min(FIRST_RETRY_MS * 2 ** this.#failures++, LONGEST_RETRY_MS);
    const line = `the read model stands still and goes on in ${pauseMs} ms: ${error.message}`;
    if (isPosthornError(error, 'PSH_PROJECTION_EVENT_REFUSED')) this.#logger.error(line);
    else this.#logger.warn(line);
    await new Promise<void>((resolve) => {
      const cancel = this.#dependencies.clock.setTimer(resolve, pauseMs);
      this.#cancelPause = () => {
        cancel();
        resolve();
      };
    });
  }

  #enter(state: ReadModelState): void {
    if (this.#state === 'live' && state !== 'live') {
      this.#lastLiveAt = this.#dependencies.clock.monotonic();
    }
    this.#state = state;
    if (state !== 'live' && state !== 'closed') return;
    for (const resolve of this.#waitingForLive) resolve();
    this.#waitingForLive.clear();
  }
}
