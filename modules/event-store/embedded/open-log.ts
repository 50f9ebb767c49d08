import { randomUUID } from 'node:crypto';
import { type Clock, PosthornError } from '../../kernel/index.js';
import { AppendQueue } from './append-queue.js';
import { EmbeddedLog } from './embedded-log.js';
import { EngineError, type EventLog } from './event-log.js';
import { ReaderClient } from './reader-client.js';
import type { ReaderAnswer, ReaderCall } from './reader-protocol.js';
import { type OnScavengeProgress, type ScavengeResult, ScavengeRun } from './scavenge-run.js';
import type { StoreThread } from './store-thread.js';
import type { WriterAnswer, WriterCall } from './writer-protocol.js';

export type WriterThread = StoreThread<WriterCall, WriterAnswer>;
export type ReaderThread = StoreThread<ReaderCall, ReaderAnswer>;

const CLOSING = 'The event store is closing';
const FAILED = 'The event store stopped working';

/** What an engine has done since it was opened, and how much waits. */
export interface LogStats {
  /** Position of the last record. */
  readonly head: number;
  /** Transactions, each with one fsync. */
  readonly commits: number;
  /** Appends and deletions that have their outcome. */
  readonly requests: number;
  readonly requestsWaiting: number;
  readonly bytesWaiting: number;
}

export interface OpenLogParts {
  readonly writer: WriterThread;
  readonly reader: ReaderThread;
  readonly clock: Clock;
  /** Most bytes of event data in one append. */
  readonly maxAppendBytes: number;
  /** Position of the last record in the file. */
  readonly head: number;
}

/** An open log and what belongs to its owner. */
export class OpenLog {
  readonly log: EventLog;
  /** Resolves when a thread of the engine died: the log can no longer be used. */
  readonly failed: Promise<Error>;
  readonly #clock: Clock;
  readonly #writer: WriterThread;
  readonly #reader: ReaderThread;
  readonly #queue: AppendQueue;
  readonly #questions: ReaderClient;
  #scavenge: ScavengeRun | undefined;
  #end: string | undefined;
  #closing: Promise<void> | undefined;

  constructor({ writer, reader, clock, maxAppendBytes, head }: OpenLogParts) {
    const now = (): number => clock.now();
    const questions = new ReaderClient(now, (call) => {
      reader.send(call);
    });
    const queue = new AppendQueue({
      now,
      send: (batch) => {
        writer.send({ kind: 'batch', batch }, [batch.buffer]);
      },
      onCommit: (batch) => {
        log.committed(batch);
      },
    });
    const newId = randomUUID;
    const log = new EmbeddedLog({ queue, reader: questions, maxAppendBytes, newId, head });
    writer.onAnswer((answer) => {
      if (answer.kind === 'result') queue.settle(answer.result);
      else if (answer.kind === 'scavenged' || answer.kind === 'not-scavenged') {
        if (answer.kind === 'scavenged' && answer.step.eventsRemoved > 0) log.scavenged();
        if (this.#scavenge?.take(answer)) this.#scavenge = undefined;
      }
    });
    reader.onAnswer((answer) => {
      questions.take(answer);
    });
    this.#clock = clock;
    this.#writer = writer;
    this.#reader = reader;
    this.#questions = questions;
    this.#queue = queue;
    this.log = log;
    this.failed = Promise.race([writer.died, reader.died]).then((cause) => this.#fail(cause));
  }

  /**
   * Resolves when another append may be prepared; `undefined` if it may at once. Whoever asks before making the bytes of
   * its events keeps memory bounded however many append at once.
   */
  room(): Promise<void> | undefined {
    return this.#queue.room();
  }

  /**
   * Removes what no reader can see any more, in steps between which appends go on, and makes the file smaller. While one is
   * under way, another call waits for the same.
   * @throws EngineError `unavailable` if the disk is full, or the log is being closed; what was removed stays removed
   */
  async scavenge(onProgress?: OnScavengeProgress): Promise<ScavengeResult> {
    if (this.#end !== undefined) {
      throw new EngineError({ kind: 'unavailable', message: this.#end });
    }
    this.#scavenge ??= new ScavengeRun((cursor) => {
      this.#writer.send({ kind: 'scavenge', cursor, now: this.#clock.now() });
    }, onProgress);
    return this.#scavenge.result;
  }

  stats(): LogStats {
    return { head: this.log.head, ...this.#queue.stats() };
  }

  /** Refuses new work, waits for what is under way, then frees the folder. Calling it again waits for the same end. */
  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    this.#stopScavenge(CLOSING);
    await Promise.all([this.#queue.close(CLOSING), this.#questions.close(CLOSING)]);
    // the writer last: at its end SQLite moves the log into one file, if nobody reads it
    await this.#reader.close({ kind: 'close' });
    await this.#writer.close({ kind: 'close' });
  }

  #stopScavenge(reason: string): void {
    this.#end ??= reason;
    this.#scavenge?.fail(reason);
    this.#scavenge = undefined;
  }

  #fail(cause: Error): PosthornError {
    this.#stopScavenge(FAILED);
    this.#queue.fail(FAILED);
    this.#questions.fail(FAILED);
    void this.#writer.terminate();
    void this.#reader.terminate();
    return new PosthornError('PSH_EVENT_STORE_FAILED', cause.message, { cause });
  }
}
