import type { Logger } from '@nestjs/common';
import type { Clock } from '../../kernel/index.js';
import type { EventLog, ProposedEvent } from '../embedded/event-log.js';
import type { EventSource } from './event-source.js';
import { type GroupConfig, groupKey } from './group-settings.js';
import type { Checkpoint } from './group/checkpoint-policy.js';
import type { Message } from './group/message.js';
import type { GroupEffects, SubscriptionGroup } from './group/subscription-group.js';
import { CheckpointStream } from './streams/checkpoint-stream.js';
import { parkedEvent, ParkedStream } from './streams/parked-stream.js';

export interface GroupWorkOptions {
  readonly log: EventLog;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly config: GroupConfig;
  readonly source: EventSource;
  /** The source can never be read again. */
  onSourceGone(): void;
}

type Attempt<Result> =
  { readonly isDone: true; readonly result: Result } | { readonly isDone: false };

/**
 * Does on the log what a group asks for. What fails is logged and tried again, by the group or at the next tick, so nothing
 * a group decided is lost to a failed write.
 */
export class GroupWork implements GroupEffects {
  readonly checkpoints: CheckpointStream;
  readonly parked: ParkedStream;
  readonly #options: GroupWorkOptions;
  readonly #underWay = new Set<Promise<void>>();
  /** Messages whose parking failed, with the event that parks them. */
  #unparked: (readonly [Message, ProposedEvent])[] = [];
  #isStopped = false;
  #group: SubscriptionGroup | undefined;

  constructor(options: GroupWorkOptions) {
    const { log, config } = options;
    this.#options = options;
    this.checkpoints = new CheckpointStream(log, config.eventSource, config.group);
    this.parked = new ParkedStream(log, config.eventSource, config.group);
  }

  /** Names the group that is told how the work went. */
  serve(group: SubscriptionGroup): void {
    this.#group = group;
  }

  /** Tries again to park what could not be parked. */
  retry(): void {
    const unparked = this.#unparked;
    this.#unparked = [];
    for (const [message, event] of unparked) this.#run(this.#park(message, event, false));
  }

  /** From here on what is read is no longer wanted; what is written still counts. */
  stop(): void {
    this.#isStopped = true;
  }

  /** Waits for what is under way. */
  async settled(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  readHistory(from: number, limit: number): void {
    this.#run(this.#readHistory(from, limit));
  }

  readParked(from: number, limit: number): void {
    this.#run(this.#readParked(from, limit));
  }

  writeCheckpoint(checkpoint: Checkpoint): void {
    this.#run(this.#writeCheckpoint(checkpoint));
  }

  park(message: Message, reason: string): void {
    const event = parkedEvent(message.record, reason, this.#options.clock.now());
    this.#run(this.#park(message, event, true));
  }

  truncateParked(before: number): void {
    this.#run(this.#truncateParked(before));
  }

  async #readHistory(from: number, limit: number): Promise<void> {
    const page = await this.#attempt('read its events', this.#options.source.read(from, limit));
    if (this.#isStopped) return;
    if (!page.isDone) this.#group?.historyFailed();
    else if (page.result) this.#group?.historyRead(page.result, this.#nowMs);
    else this.#options.onSourceGone();
  }

  async #readParked(from: number, limit: number): Promise<void> {
    const page = await this.#attempt('read its parked messages', this.parked.read(from, limit));
    if (this.#isStopped) return;
    if (page.isDone) this.#group?.parkedRead(page.result, this.#nowMs);
    else this.#group?.parkedReadFailed();
  }

  async #writeCheckpoint(checkpoint: Checkpoint): Promise<void> {
    const write = this.checkpoints.write(checkpoint.place);
    const written = await this.#attempt('write its checkpoint', write);
    if (written.isDone) this.#group?.checkpointWritten(checkpoint, this.#nowMs);
    else this.#group?.checkpointFailed();
  }

  async #park(message: Message, event: ProposedEvent, isFirstTry: boolean): Promise<void> {
    const append = this.parked.append(event);
    const parked = await this.#attempt('park a message', append, isFirstTry);
    if (parked.isDone) this.#group?.parked(message, parked.result, this.#nowMs);
    else this.#unparked.push([message, event]);
  }

  async #truncateParked(before: number): Promise<void> {
    const truncation = this.parked.truncate(before);
    const truncated = await this.#attempt('cut off its parked messages', truncation);
    this.#group?.parkedTruncated(truncated.isDone ? before : undefined);
  }

  /** Waits for a piece of work, and logs it when it fails. */
  async #attempt<Result>(
    what: string,
    work: Promise<Result>,
    isLogged = true,
  ): Promise<Attempt<Result>> {
    try {
      return { isDone: true, result: await work };
    } catch (error) {
      if (isLogged && !this.#isStopped) {
        this.#options.logger.warn(
          `Group ${this.#key} could not ${what} and will try again: ${messageOf(error)}`,
        );
      }
      return { isDone: false };
    }
  }

  /** Runs in the background; `work` reports its own failures, so that only a defect of ours can reject it. */
  #run(work: Promise<void>): void {
    const done = work
      .catch((error: unknown) => {
        this.#options.logger.error(`Group ${this.#key} failed: ${messageOf(error)}`);
      })
      .finally(() => this.#underWay.delete(done));
    this.#underWay.add(done);
  }

  get #key(): string {
    return groupKey(this.#options.config.eventSource, this.#options.config.group);
  }

  get #nowMs(): number {
    return this.#options.clock.monotonic();
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
