import { randomUUID } from 'node:crypto';
import { ErrorType } from '@eventstore/db-client';
import { Logger } from '@nestjs/common';
import {
  appendCertainly,
  type EventStoreClient,
  isClientError,
  newEvents,
  type StreamNames,
} from '../event-store/index.js';
import { type Clock, isPosthornError, PosthornError } from '../kernel/index.js';
import type { DeadLetterFilter, DeadLetters } from './dead-letters.port.js';
import type { BulkReplayEvent, BulkReplayPointer } from './replay.events.js';

/** Asks for one dead letter again; resolves with whether it was replayed. */
export type ReplayOne = (request: {
  readonly deliveryId: string;
  readonly replayId: string;
  readonly requestedBy: string;
  readonly reason: string | null;
}) => Promise<boolean>;

export interface BulkReplaysDependencies {
  readonly client: EventStoreClient;
  readonly names: StreamNames;
  readonly clock: Clock;
  readonly deadLetters: DeadLetters;
  readonly replayOne: ReplayOne;
}

interface Progress {
  readonly started: Extract<BulkReplayEvent, { type: 'BulkReplayStarted' }>['data'];
  readonly afterId: string | undefined;
  readonly replayed: number;
  readonly skipped: number;
  readonly isCompleted: boolean;
  readonly revision: bigint;
}

/** Dead letters asked for between two records of progress. */
const PAGE = 100;

/**
 * Replays dead letters by filter, as a process of its own: accepted once it is recorded, resumed after a restart, and
 * idempotent, because each delivery remembers the last bulk replay that asked for it. Dead letters are taken in the order
 * of their ids, each once, so one that dies again is not asked for twice.
 */
export class BulkReplays {
  readonly #logger = new Logger('BulkReplays');
  readonly #dependencies: BulkReplaysDependencies;
  readonly #closing = new AbortController();
  readonly #running = new Set<Promise<void>>();

  constructor(dependencies: BulkReplaysDependencies) {
    this.#dependencies = dependencies;
  }

  /** Records a bulk replay and begins it. `accepted`: how many dead letters match now. */
  async start(request: {
    readonly filter: DeadLetterFilter;
    readonly requestedBy: string;
    readonly reason: string | null;
  }): Promise<{ readonly replayId: string; readonly accepted: number }> {
    if (this.#closing.signal.aborted) throw new PosthornError('PSH_DELIVERY_DRAINING');
    const { clock, deadLetters, names } = this.#dependencies;
    const accepted = await deadLetters.count(request.filter);
    const replayId = `rpl_${randomUUID().replaceAll('-', '')}`;
    const started = {
      v: 1 as const,
      replayId,
      ...request,
      accepted,
      at: new Date(clock.now()).toISOString(),
    };
    await this.#append(
      names.replay(replayId),
      { type: 'BulkReplayStarted', data: started },
      'no_stream',
    );
    await this.#append(
      names.replays,
      { type: 'BulkReplayListed', data: { v: 1, replayId } },
      'any',
    );
    this.#run(replayId);
    return { replayId, accepted };
  }

  /** Goes on with every bulk replay that had not ended. */
  async resume(): Promise<void> {
    for (const replayId of await this.#unfinished()) this.#run(replayId);
  }

  /** Stops after the page under way; resolves when nothing runs. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#running);
  }

  #run(replayId: string): void {
    const running: Promise<void> = this.#process(replayId)
      .catch((error: unknown) => {
        this.#logger.error(
          `bulk replay ${replayId} stopped and goes on with the next start: ${String(error)}`,
        );
      })
      .finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  async #process(replayId: string): Promise<void> {
    let progress = await this.#progress(replayId);
    while (progress && !progress.isCompleted && !this.#closing.signal.aborted) {
      progress = await this.#step(replayId, progress);
    }
    if (progress?.isCompleted) await this.#end(replayId);
  }

  async #step(replayId: string, progress: Progress): Promise<Progress | undefined> {
    const { clock, deadLetters, names } = this.#dependencies;
    const ids = await deadLetters.page({
      filter: progress.started.filter,
      limit: PAGE,
      ...(progress.afterId === undefined ? {} : { afterId: progress.afterId }),
    });
    const results = await Promise.all(ids.map((id) => this.#replay(id, progress)));
    const replayed = progress.replayed + results.filter(Boolean).length;
    const skipped = progress.skipped + ids.length - results.filter(Boolean).length;
    const afterId = ids.at(-1);
    const event: BulkReplayEvent =
      afterId === undefined
        ? {
            type: 'BulkReplayCompleted',
            data: { v: 1, replayed, skipped, at: new Date(clock.now()).toISOString() },
          }
        : { type: 'BulkReplayAdvanced', data: { v: 1, afterId, replayed, skipped } };
    const outcome = await this.#append(names.replay(replayId), event, progress.revision);
    // Another instance advanced it: that one goes on.
    if (outcome.kind !== 'appended') return undefined;
    return {
      ...progress,
      afterId: afterId ?? progress.afterId,
      replayed,
      skipped,
      isCompleted: afterId === undefined,
      revision: progress.revision + 1n,
    };
  }

  async #replay(deliveryId: string, { started }: Progress): Promise<boolean> {
    const { replayId, requestedBy, reason } = started;
    try {
      return await this.#dependencies.replayOne({ deliveryId, replayId, requestedBy, reason });
    } catch (error) {
      if (isPosthornError(error)) return false;
      throw error;
    }
  }

  async #progress(replayId: string): Promise<Progress | undefined> {
    let progress: Progress | undefined;
    const stream = this.#dependencies.names.replay(replayId);
    for await (const { event } of this.#dependencies.client.readStream(stream)) {
      if (event) progress = evolve(progress, event as unknown as BulkReplayEvent, event.revision);
    }
    return progress;
  }

  async #end(replayId: string): Promise<void> {
    const { names } = this.#dependencies;
    await this.#append(names.replays, { type: 'BulkReplayEnded', data: { v: 1, replayId } }, 'any');
  }

  async #unfinished(): Promise<ReadonlySet<string>> {
    const unfinished = new Set<string>();
    try {
      for await (const { event } of this.#dependencies.client.readStream(
        this.#dependencies.names.replays,
      )) {
        if (!event) continue;
        const pointer = event as unknown as BulkReplayPointer;
        if (pointer.type === 'BulkReplayListed') unfinished.add(pointer.data.replayId);
        else unfinished.delete(pointer.data.replayId);
      }
    } catch (error) {
      if (!isClientError(error, ErrorType.STREAM_NOT_FOUND)) throw error;
    }
    return unfinished;
  }

  #append(
    stream: string,
    event: BulkReplayEvent | BulkReplayPointer,
    expectedRevision: bigint | 'any' | 'no_stream',
  ): ReturnType<typeof appendCertainly> {
    const { client, clock } = this.#dependencies;
    return appendCertainly(stream, newEvents([event]), {
      client,
      clock,
      expectedRevision,
      signal: this.#closing.signal,
    });
  }
}

function evolve(
  progress: Progress | undefined,
  event: BulkReplayEvent,
  revision: bigint,
): Progress | undefined {
  if (event.type === 'BulkReplayStarted') {
    const none = { afterId: undefined, replayed: 0, skipped: 0, isCompleted: false };
    return { started: event.data, ...none, revision };
  }
  if (!progress) return progress;
  const { replayed, skipped } = event.data;
  return event.type === 'BulkReplayAdvanced'
    ? { ...progress, afterId: event.data.afterId, replayed, skipped, revision }
    : { ...progress, isCompleted: true, replayed, skipped, revision };
}
