import type { LogRecord, ResolvedRecord } from '../../embedded/event-log.js';
import { LINK_TYPE } from '../../embedded/system-names.js';
import type { GroupSettings } from '../group-settings.js';
import type { ConsumerStrategy } from '../strategies/consumer-strategy.js';
import { type Checkpoint, CheckpointPolicy } from './checkpoint-policy.js';
import { Dispatcher } from './dispatcher.js';
import { type ConsumerSink, GroupConsumer } from './group-consumer.js';
import { GroupLimits } from './group-limits.js';
import { type GroupStats, statusText } from './group-stats.js';
import { type HistoryPage, Intake } from './intake.js';
import { Message } from './message.js';
import { ParkedMessages, type ParkedPage } from './parked-messages.js';
import { PendingMessages } from './pending-messages.js';
import { Latencies, Throughput } from './statistics.js';

export type NackAction = 'park' | 'retry' | 'skip' | 'stop' | 'unknown';

/** What a group asks for. Each request is answered by the call named with it, never from inside the request. */
export interface GroupEffects {
  /** Read the source from `from`, inclusive; answered by `historyRead` or `historyFailed`. */
  readHistory(from: number, limit: number): void;
  /** Read the parked messages from `from`, inclusive; answered by `parkedRead` or `parkedReadFailed`. */
  readParked(from: number, limit: number): void;
  /** Answered by `checkpointWritten` or `checkpointFailed`. */
  writeCheckpoint(checkpoint: Checkpoint): void;
  /** Park a message, however long it takes; answered by `parked`. */
  park(message: Message, reason: string): void;
  /** Cut off the parked messages before a revision; answered by `parkedTruncated`. */
  truncateParked(before: number): void;
}

/** Where a group begins. */
export interface GroupStart {
  /** Place of the first record it wants. */
  readonly from: number;
  /** Place from which on every record will be announced; unknown for a stream. */
  readonly liveFrom: number | undefined;
  /** Its last checkpoint. */
  readonly checkpoint: number | undefined;
  /** Revisions of the first parked message, and of the next one to be parked. */
  readonly parked: { readonly from: number; readonly end: number };
}

/**
 * A persistent subscription group, apart from all input and output: it is told what happened and when (in milliseconds of a
 * monotonic clock), and asks for what it needs through its effects.
 *
 * The way of a message:
 *
 *     read ──▶ waiting ──▶ outstanding ──(acknowledged, skipped)──▶ done
 *                 ▲             │ └──(parked)──▶ being parked ─────▶ done
 *                 └──(retried, timed out, consumer gone)┘
 *
 * The checkpoint stays below every message that was read and is not done, and below everything that was not read: what it
 * says is done was acknowledged, skipped, parked, or did not match.
 */
export class SubscriptionGroup {
  readonly #settings: GroupSettings;
  readonly #limits: GroupLimits;
  readonly #effects: GroupEffects;
  readonly #dispatcher: Dispatcher;
  readonly #intake: Intake;
  readonly #pending = new PendingMessages();
  readonly #parked = new ParkedMessages();
  readonly #throughput: Throughput;
  #checkpoints: CheckpointPolicy | undefined;
  /** How many messages are on their way to the parked ones. */
  #parkingCount = 0;
  /** The last record that was handed on or skipped. */
  #lastPlace = -1;
  #lastSequence = -1;
  #lastKnownPlace = -1;

  constructor(
    settings: GroupSettings,
    strategy: ConsumerStrategy,
    effects: GroupEffects,
    nowMs: number,
  ) {
    this.#settings = settings;
    this.#limits = new GroupLimits(settings);
    this.#effects = effects;
    this.#dispatcher = new Dispatcher(strategy);
    this.#intake = new Intake(this.#limits.keptRecords);
    this.#throughput = new Throughput(nowMs);
  }

  /** Begins to read. Consumers may have connected before. */
  begin(start: GroupStart, nowMs: number): void {
    this.#checkpoints = new CheckpointPolicy(this.#settings, start.checkpoint, nowMs);
    this.#lastPlace = start.from - 1;
    this.#lastKnownPlace = start.checkpoint ?? -1;
    this.#parked.begin(start.parked.from, start.parked.end);
    this.#intake.start(start.from, start.liveFrom);
    this.#advance(nowMs);
  }

  get consumers(): ReadonlySet<GroupConsumer> {
    return this.#dispatcher.consumers;
  }

  /** Connects a consumer, which gets messages once it resumes. */
  connect(sink: ConsumerSink, bufferSize: number, nowMs: number): GroupConsumer {
    const latencies = this.#settings.extraStatistics ? new Latencies() : undefined;
    const consumer = new GroupConsumer(sink, bufferSize, new Throughput(nowMs), latencies);
    this.#dispatcher.connect(consumer);
    return consumer;
  }

  /** A consumer takes messages (again). */
  resume(consumer: GroupConsumer, nowMs: number): void {
    this.#dispatcher.resume(consumer);
    this.#advance(nowMs);
  }

  /** A consumer is gone: what it held goes to others, however often it was handed out before. */
  disconnect(consumer: GroupConsumer, nowMs: number): void {
    for (const message of this.#dispatcher.disconnect(consumer)) this.#return(message);
    this.#advance(nowMs);
  }

  /** Messages were processed; ids that are not outstanding are ignored. */
  ack(ids: readonly string[], nowMs: number): void {
    for (const id of ids) {
      const message = this.#dispatcher.take(id);
      if (!message) continue;
      this.#throughput.count();
      message.consumer?.throughput.count();
      message.consumer?.latencies?.observe(nowMs - message.pushedAtMs);
      this.#done(message);
    }
    this.#attemptCheckpoint(false, nowMs);
    this.#advance(nowMs);
  }

  /** Messages were not processed; ids that are not outstanding are ignored. `stop` does what `skip` does. */
  nack(ids: readonly string[], action: NackAction, reason: string, nowMs: number): void {
    for (const id of ids) {
      const message = this.#dispatcher.take(id);
      if (!message) continue;
      if (action === 'park') this.#park(message, `Client explicitly NAK'ed message.\n${reason}`);
      else if (action === 'skip' || action === 'stop') this.#done(message);
      else this.#retry(message);
    }
    this.#attemptCheckpoint(false, nowMs);
    this.#advance(nowMs);
  }

  /** A record that the group wants was committed. */
  live(record: LogRecord, place: number, nowMs: number): void {
    if (!this.#checkpoints) return; // what was committed before the group began is history
    this.#lastKnownPlace = Math.max(this.#lastKnownPlace, place);
    const isComplete = !(this.#settings.resolveLinkTos && record.type === LINK_TYPE);
    if (this.#intake.live(record, place, this.#hasRoom, isComplete)) {
      this.#enqueue({ event: record }, place);
      this.#dispatcher.dispatch(nowMs);
    } else if (!isComplete) {
      this.#advance(nowMs);
    }
  }

  /** A record that the group's filter leaves out was committed. */
  skip(place: number, nowMs: number): void {
    if (!this.#checkpoints) return;
    this.#lastKnownPlace = Math.max(this.#lastKnownPlace, place);
    if (!this.#intake.skip(place)) return;
    this.#lastSequence++;
    this.#lastPlace = place;
    this.#attemptCheckpoint(false, nowMs);
  }

  historyRead(page: HistoryPage, nowMs: number): void {
    const from = this.#intake.next;
    this.#intake.endRead(page);
    for (const { record, place } of page.records) if (place >= from) this.#enqueue(record, place);
    if (page.next - 1 > this.#lastPlace) {
      this.#lastSequence += Math.max(page.considered - page.records.length, 0);
      this.#lastPlace = page.next - 1;
    }
    this.#lastKnownPlace = Math.max(this.#lastKnownPlace, this.#lastPlace);
    this.#attemptCheckpoint(false, nowMs);
    this.#advance(nowMs);
  }

  /** The read is tried again when something happens, at the latest at the next tick. */
  historyFailed(): void {
    this.#intake.abandonRead();
  }

  /** A message is among the parked ones now, at `revision`. */
  parked(message: Message, revision: number, nowMs: number): void {
    this.#parkingCount--;
    this.#parked.parked(revision);
    this.#done(message);
    this.#attemptCheckpoint(false, nowMs);
    this.#advance(nowMs);
  }

  /** Hands out what is parked now once more, up to revision `stopAt` exclusive. */
  replayParked(stopAt: number | undefined, nowMs: number): void {
    this.#parked.replay(stopAt);
    this.#advance(nowMs);
  }

  parkedRead(page: ParkedPage, nowMs: number): void {
    for (const message of this.#parked.endRead(page)) this.#dispatcher.addReturned(message);
    this.#advance(nowMs);
  }

  parkedReadFailed(): void {
    this.#parked.abandonRead();
  }

  /** @param before revision that was cut off at; `undefined` if that failed */
  parkedTruncated(before: number | undefined): void {
    this.#parked.truncated(before);
  }

  checkpointWritten(checkpoint: Checkpoint, nowMs: number): void {
    this.#checkpoints?.written(checkpoint, nowMs);
  }

  checkpointFailed(): void {
    this.#checkpoints?.failed();
  }

  /** To be called every second: takes back what was held for too long, and lets checkpoints be written. */
  tick(nowMs: number): void {
    const latestMs = nowMs - this.#settings.messageTimeoutMs;
    for (const message of this.#dispatcher.takeHandedOutUntil(latestMs)) this.#retry(message);
    this.#attemptCheckpoint(true, nowMs);
    this.truncateParked();
    this.#advance(nowMs);
  }

  /** Asks for the replayed messages that are done to be cut off. */
  truncateParked(): void {
    const before = this.#parked.beginTruncation();
    if (before !== undefined) this.#effects.truncateParked(before);
  }

  /** What a checkpoint could say now; `undefined` if it would say nothing new. */
  unwrittenCheckpoint(): Checkpoint | undefined {
    const sequence = this.#doneSequence;
    if (!this.#checkpoints?.isProgress(sequence)) return undefined;
    return { place: this.#donePlace, sequence };
  }

  stats(): GroupStats {
    const waiting = this.#waitingCount;
    const returned = this.#dispatcher.returnedCount;
    return {
      status: statusText(this.#checkpoints !== undefined, this.#intake, this.#parked),
      throughput: this.#throughput,
      lastCheckpointed: this.#checkpoints?.place,
      lastKnown: this.#lastKnownPlace < 0 ? undefined : this.#lastKnownPlace,
      readBufferCount: waiting - returned - this.#parkingCount,
      liveBufferCount: this.#intake.keptCount,
      retryBufferCount: returned,
      outstandingCount: this.#dispatcher.outstandingCount,
      parkedCount: this.#parked.count,
    };
  }

  /** Messages that take up room: all that are not done, except those that consumers hold. */
  get #waitingCount(): number {
    return this.#pending.size + this.#parked.pendingCount - this.#dispatcher.outstandingCount;
  }

  get #hasRoom(): boolean {
    return this.#waitingCount < this.#limits.waitingMessages;
  }

  get #doneSequence(): number {
    const { first } = this.#pending;
    return first ? first.sequence - 1 : this.#lastSequence;
  }

  get #donePlace(): number {
    return this.#pending.first?.after ?? this.#lastPlace;
  }

  #enqueue(record: ResolvedRecord, place: number): void {
    const message = new Message(record, ++this.#lastSequence, this.#lastPlace, false);
    this.#lastPlace = place;
    this.#pending.add(message);
    this.#dispatcher.addFresh(message);
  }

  #retry(message: Message): void {
    const { maxRetryCount } = this.#settings;
    if (message.retryCount < maxRetryCount) this.#return(message);
    else this.#park(message, `Reached retry count of ${maxRetryCount}`);
  }

  #return(message: Message): void {
    message.retryCount++;
    this.#dispatcher.addReturned(message);
  }

  #park(message: Message, reason: string): void {
    this.#parkingCount++;
    this.#effects.park(message, reason);
  }

  #done(message: Message): void {
    if (message.isReplayed) this.#parked.done(message);
    else this.#pending.remove(message);
  }

  #attemptCheckpoint(isTick: boolean, nowMs: number): void {
    const sequence = this.#doneSequence;
    if (!this.#checkpoints?.begin(sequence, isTick, nowMs)) return;
    this.#effects.writeCheckpoint({ place: this.#donePlace, sequence });
  }

  /** Hands out what can be handed out, and fetches more while there is room. */
  #advance(nowMs: number): void {
    do this.#dispatcher.dispatch(nowMs);
    while (this.#takeKept());
    const room = this.#limits.waitingMessages - this.#waitingCount;
    const isReading = this.#intake.isReading || this.#parked.isReading;
    if (!this.#checkpoints || isReading || room <= this.#limits.readThreshold) return;
    const parkedFrom = this.#parked.nextRead;
    if (parkedFrom !== undefined) {
      this.#parked.beginRead();
      this.#effects.readParked(parkedFrom, this.#limits.pageFor(room));
    } else if (this.#intake.needsHistory) {
      this.#intake.beginRead();
      this.#effects.readHistory(this.#intake.next, this.#limits.pageFor(room));
    }
  }

  #takeKept(): boolean {
    if (this.#intake.isLive) return false;
    let tookAny = false;
    while (this.#hasRoom) {
      const kept = this.#intake.takeKept();
      if (!kept) break;
      this.#enqueue({ event: kept.record }, kept.place);
      tookAny = true;
    }
    return tookAny;
  }
}
