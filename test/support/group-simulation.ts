import type { LogRecord } from '../../modules/event-store/embedded/event-log.js';
import type { GroupSettings } from '../../modules/event-store/persistent-subscriptions/group-settings.js';
import type { Checkpoint } from '../../modules/event-store/persistent-subscriptions/group/checkpoint-policy.js';
import type {
  Delivery,
  GroupConsumer,
} from '../../modules/event-store/persistent-subscriptions/group/group-consumer.js';
import type { Message } from '../../modules/event-store/persistent-subscriptions/group/message.js';
import {
  type GroupEffects,
  type NackAction,
  SubscriptionGroup,
} from '../../modules/event-store/persistent-subscriptions/group/subscription-group.js';
import { createConsumerStrategy } from '../../modules/event-store/persistent-subscriptions/strategies/named-strategy.js';

const DEFAULT_SETTINGS: GroupSettings = {
  resolveLinkTos: false,
  extraStatistics: false,
  messageTimeoutMs: 30_000,
  maxRetryCount: 10,
  checkpointAfterMs: 2_000,
  minCheckpointCount: 10,
  maxCheckpointCount: 1_000,
  maxSubscriberCount: 0,
  liveBufferSize: 500,
  readBatchSize: 20,
  historyBufferSize: 500,
  consumerStrategyName: 'RoundRobin',
  startFrom: { commit: 0n, prepare: 0n },
};

export interface SimulationOptions {
  readonly settings?: Partial<GroupSettings>;
  /** Whether reads and writes complete as soon as they are asked for, apart from the call that asked; default: yes. */
  readonly isPrompt?: boolean;
  /** Records that are in the log before the group begins. */
  readonly history?: readonly NewRecord[];
}

/** A record to be committed: the name of its stream, or `null` for one that the group's filter leaves out. */
export type NewRecord = string | null;

/** What a consumer in a simulation was given, by event id. */
export interface SimulatedConsumer {
  readonly received: { readonly id: string; readonly retryCount: number }[];
  /** Ids of what it holds, oldest first. */
  readonly held: string[];
  /** Whether it says that it takes more after a push. */
  takesMore: boolean;
  /** Acknowledges within the push when set. */
  acknowledgesAtOnce: boolean;
}

interface StoredRecord {
  readonly record: LogRecord;
  readonly isWanted: boolean;
}

/**
 * A group on a log that is an array: the group is real, time stands still, and every read and write waits until the test
 * completes it. What is "on disk" (the log, the checkpoint, the parked messages) survives `restart`.
 */
export class GroupSimulation {
  readonly settings: GroupSettings;
  readonly log: StoredRecord[] = [];
  /** Ids of the parked events, by revision. */
  readonly parked: string[] = [];
  parkedFrom = 0;
  checkpoint: number | undefined;
  readonly checkpoints: number[] = [];
  /** Events that were acknowledged or skipped while they were held. */
  readonly acknowledged = new Set<string>();
  readonly reasons: string[] = [];
  group: SubscriptionGroup;
  nowMs = 0;
  readonly #isPrompt: boolean;
  #pending: (() => void)[] = [];
  #consumers = new Map<SimulatedConsumer, GroupConsumer>();

  constructor(options: SimulationOptions = {}) {
    this.settings = { ...DEFAULT_SETTINGS, ...options.settings };
    this.#isPrompt = options.isPrompt ?? true;
    for (const stream of options.history ?? []) this.#store(stream);
    this.group = this.#begin();
  }

  get pendingCount(): number {
    return this.#pending.length;
  }

  /** Ids of every event that the group wants, in order. */
  get wanted(): string[] {
    return this.log.filter(({ isWanted }) => isWanted).map(({ record }) => record.id);
  }

  /** Commits a record: to a stream, or one that the filter leaves out. @returns its id */
  commit(stream: NewRecord = 's'): string {
    const { record, isWanted } = this.#store(stream);
    if (isWanted) this.group.live(record, record.position, this.nowMs);
    else this.group.skip(record.position, this.nowMs);
    this.#settlePromptly();
    return record.id;
  }

  connect(bufferSize = 10, behaviour: Partial<SimulatedConsumer> = {}): SimulatedConsumer {
    const consumer: SimulatedConsumer = {
      received: [],
      held: [],
      takesMore: true,
      acknowledgesAtOnce: false,
      ...behaviour,
    };
    const sink = { push: (delivery: Delivery) => this.#receive(consumer, delivery) };
    const connected = this.group.connect(sink, bufferSize, this.nowMs);
    this.#consumers.set(consumer, connected);
    this.resume(consumer);
    return consumer;
  }

  resume(consumer: SimulatedConsumer): void {
    const connected = this.#consumers.get(consumer);
    if (connected) this.group.resume(connected, this.nowMs);
    this.#settlePromptly();
  }

  disconnect(consumer: SimulatedConsumer): void {
    const connected = this.#consumers.get(consumer);
    if (connected) this.group.disconnect(connected, this.nowMs);
    this.#consumers.delete(consumer);
    consumer.held.length = 0;
    this.#settlePromptly();
  }

  /** Acknowledges what `consumer` holds, or only some of it. */
  ack(consumer: SimulatedConsumer, ids: readonly string[] = [...consumer.held]): void {
    this.#letGo(consumer, ids, true);
    this.group.ack(ids, this.nowMs);
    this.#settlePromptly();
  }

  nack(
    consumer: SimulatedConsumer,
    action: NackAction,
    ids: readonly string[] = [...consumer.held],
  ): void {
    this.#letGo(consumer, ids, action === 'skip' || action === 'stop');
    this.group.nack(ids, action, 'because', this.nowMs);
    this.#settlePromptly();
  }

  /** Lets time pass, with a tick every second. */
  advance(ms: number): void {
    for (let left = ms; left > 0; left -= 1_000) {
      this.nowMs += Math.min(left, 1_000);
      this.group.tick(this.nowMs);
      this.#settlePromptly();
    }
  }

  replayParked(stopAt?: number): void {
    this.group.replayParked(stopAt, this.nowMs);
    this.#settlePromptly();
  }

  /** Completes one read or write that is under way. */
  complete(index = 0): void {
    const [effect] = this.#pending.splice(index % Math.max(this.#pending.length, 1), 1);
    effect?.();
  }

  /** Completes every read and write, and those they lead to. */
  settle(): void {
    while (this.#pending.length > 0) this.complete();
  }

  /** Kills the group, loses what was under way, and begins anew from what is on disk. */
  restart(): void {
    this.#pending = [];
    for (const consumer of this.#consumers.keys()) consumer.held.length = 0;
    this.#consumers = new Map();
    this.group = this.#begin();
    this.#settlePromptly();
  }

  #begin(): SubscriptionGroup {
    const strategy = createConsumerStrategy(this.settings.consumerStrategyName);
    const group: SubscriptionGroup = new SubscriptionGroup(
      this.settings,
      strategy,
      this.#effectsOf(() => group),
      this.nowMs,
    );
    group.begin(
      {
        from: this.checkpoint === undefined ? 1 : this.checkpoint + 1,
        liveFrom: (this.log.at(-1)?.record.position ?? 0) + 1,
        checkpoint: this.checkpoint,
        parked: { from: this.parkedFrom, end: this.parked.length },
      },
      this.nowMs,
    );
    this.#settlePromptly();
    return group;
  }

  #effectsOf(group: () => SubscriptionGroup): GroupEffects {
    return {
      readHistory: (from, limit) => {
        this.#pending.push(() => {
          this.#readHistory(group(), from, limit);
        });
      },
      readParked: (from, limit) => {
        this.#pending.push(() => {
          this.#readParked(group(), from, limit);
        });
      },
      writeCheckpoint: (checkpoint) => {
        this.#pending.push(() => {
          this.#writeCheckpoint(group(), checkpoint);
        });
      },
      park: (message, reason) => {
        this.#pending.push(() => {
          this.#park(group(), message, reason);
        });
      },
      truncateParked: (before) => {
        this.#pending.push(() => {
          this.parkedFrom = before;
          group().parkedTruncated(before);
        });
      },
    };
  }

  #readHistory(group: SubscriptionGroup, from: number, limit: number): void {
    const window = Math.max(limit, this.settings.maxCheckpointCount);
    const left = this.log.filter(({ record }) => record.position >= from);
    const considered: StoredRecord[] = [];
    let matches = 0;
    for (const stored of left.slice(0, window)) {
      if (matches === limit) break;
      considered.push(stored);
      if (stored.isWanted) matches++;
    }
    const last = considered.at(-1)?.record.position ?? this.log.at(-1)?.record.position ?? 0;
    group.historyRead(
      {
        records: considered
          .filter(({ isWanted }) => isWanted)
          .map(({ record }) => ({ record: { event: record }, place: record.position })),
        next: Math.max(last + 1, from),
        isEnd: considered.length === left.length,
        considered: considered.length,
      },
      this.nowMs,
    );
  }

  #readParked(group: SubscriptionGroup, from: number, limit: number): void {
    const records = this.parked.slice(from, from + limit).map((id, index) => ({
      link: linkRecord(from + index),
      event: this.log.find(({ record }) => record.id === id)?.record ?? linkRecord(0),
    }));
    group.parkedRead({ records, next: from + records.length }, this.nowMs);
  }

  #writeCheckpoint(group: SubscriptionGroup, checkpoint: Checkpoint): void {
    this.checkpoint = checkpoint.place;
    this.checkpoints.push(checkpoint.place);
    group.checkpointWritten(checkpoint, this.nowMs);
  }

  #park(group: SubscriptionGroup, message: Message, reason: string): void {
    const revision = this.parked.length;
    this.parked.push(message.record.event?.id ?? '');
    this.reasons.push(reason);
    group.parked(message, revision, this.nowMs);
  }

  #receive(consumer: SimulatedConsumer, delivery: Delivery): boolean {
    const { id, retryCount } = delivery;
    consumer.received.push({ id: delivery.record.event?.id ?? id, retryCount });
    consumer.held.push(id);
    if (consumer.acknowledgesAtOnce) {
      this.#letGo(consumer, [id], true);
      this.group.ack([id], this.nowMs);
    }
    return consumer.takesMore;
  }

  /** Notes what `consumer` says about messages, if they are still its own to speak of. */
  #letGo(consumer: SimulatedConsumer, ids: readonly string[], isDone: boolean): void {
    for (const id of ids) {
      const at = consumer.held.indexOf(id);
      if (at >= 0) consumer.held.splice(at, 1);
      if (isDone) this.acknowledged.add(this.#eventOf(id));
    }
  }

  /** The event that a message is about: a replayed one is acknowledged by the id of its link. */
  #eventOf(id: string): string {
    return id.startsWith('parked-') ? (this.parked[Number(id.slice('parked-'.length))] ?? '') : id;
  }

  #store(stream: NewRecord): StoredRecord {
    const position = (this.log.at(-1)?.record.position ?? 0) + 1 + (this.log.length % 3);
    const record: LogRecord = {
      id: `e${position}`,
      type: stream === null ? 'noise' : 'signal',
      isJson: false,
      data: new Uint8Array(0),
      metadata: new Uint8Array(0),
      position,
      stream: stream ?? 'noise',
      revision: this.log.length,
      created: 0,
    };
    const stored = { record, isWanted: stream !== null };
    this.log.push(stored);
    return stored;
  }

  #settlePromptly(): void {
    if (this.#isPrompt) this.settle();
  }
}

function linkRecord(revision: number): LogRecord {
  return {
    id: `parked-${revision}`,
    type: '$>',
    isJson: false,
    data: new Uint8Array(0),
    metadata: new Uint8Array(0),
    position: revision,
    stream: 'parked',
    revision,
    created: 0,
  };
}
