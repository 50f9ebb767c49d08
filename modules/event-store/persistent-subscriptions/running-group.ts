import type { Logger } from '@nestjs/common';
import type { Clock } from '../../kernel/index.js';
import type { EventLog, LogRecord } from '../embedded/event-log.js';
import { type EventSource, eventSourceFor } from './event-source.js';
import type { ConnectOptions, DropReason, GroupConnection } from './group-connection.js';
import type { ConnectionInfo, GroupInfo } from './group-info.js';
import { type GroupConfig, groupKey, startsAtEnd } from './group-settings.js';
import type { GroupConsumer } from './group/group-consumer.js';
import { SubscriptionGroup } from './group/subscription-group.js';
import { GroupWork } from './group-work.js';
import { formatPlace } from './place.js';
import { createConsumerStrategy } from './strategies/named-strategy.js';
import { SubscriptionError } from './subscription-error.js';

interface Connected {
  readonly consumer: GroupConsumer;
  readonly options: ConnectOptions;
}

/** A group at work: its state machine, what that does on the log, and its consumers. */
export class RunningGroup {
  readonly config: GroupConfig;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #source: EventSource;
  readonly #work: GroupWork;
  readonly #group: SubscriptionGroup;
  readonly #connected = new Set<Connected>();
  #isFaulted = false;

  /** @throws EngineError `invalid-argument` if the filter is not one */
  constructor(log: EventLog, clock: Clock, logger: Logger, config: GroupConfig) {
    this.config = config;
    this.#clock = clock;
    this.#logger = logger;
    this.#source = eventSourceFor(log, config);
    this.#work = new GroupWork({
      log,
      clock,
      logger,
      config,
      source: this.#source,
      onSourceGone: () => {
        this.#fault();
      },
    });
    const strategy = createConsumerStrategy(config.settings.consumerStrategyName);
    this.#group = new SubscriptionGroup(config.settings, strategy, this.#work, clock.monotonic());
    this.#work.serve(this.#group);
  }

  get key(): string {
    return groupKey(this.config.eventSource, this.config.group);
  }

  /** Begins where the group left off: after its checkpoint, or where its settings say. */
  async start(): Promise<void> {
    const { checkpoints, parked: parkedStream } = this.#work;
    const [checkpoint, parked] = await Promise.all([checkpoints.load(), parkedStream.load()]);
    const from = checkpoint === undefined ? firstPlace(this.config) : checkpoint + 1;
    const liveFrom = this.#source.liveFrom();
    this.#group.begin({ from, liveFrom, checkpoint, parked }, this.#clock.monotonic());
  }

  /** A record of the group's source was committed. */
  committed(record: LogRecord): void {
    const place = this.#source.placeOf(record);
    const nowMs = this.#clock.monotonic();
    if (this.#source.matches(record)) this.#group.live(record, place, nowMs);
    else this.#group.skip(place, nowMs);
  }

  /** To be called every second. */
  tick(): void {
    if (this.#isFaulted) return;
    this.#work.retry();
    this.#group.tick(this.#clock.monotonic());
  }

  /** @throws SubscriptionError `maximum-subscribers`, `no-buffer` */
  connect(options: ConnectOptions): GroupConnection {
    const { maxSubscriberCount } = this.config.settings;
    if (maxSubscriberCount > 0 && this.#connected.size >= maxSubscriberCount) {
      throw this.#refusal('maximum-subscribers');
    }
    if (!(options.bufferSize >= 1)) throw this.#refusal('no-buffer');
    const consumer = this.#group.connect(
      { push: (delivery) => this.#connected.has(connected) && options.push(delivery) },
      options.bufferSize,
      this.#clock.monotonic(),
    );
    const connected: Connected = { consumer, options };
    this.#connected.add(connected);
    if (this.#isFaulted) {
      queueMicrotask(() => {
        this.#drop(connected, 'dropped');
      });
    }
    return this.#connectionOf(connected);
  }

  /** Hands out parked messages again, in the background. */
  replayParked(stopAt: number | undefined): void {
    this.#group.replayParked(stopAt, this.#clock.monotonic());
  }

  /**
   * Cuts off every consumer and waits for what is under way.
   * @param isFinal whether to note down progress that no checkpoint holds yet
   */
  async stop(reason: DropReason, isFinal: boolean): Promise<void> {
    this.#work.stop();
    for (const connected of this.#connected) this.#drop(connected, reason);
    await this.#work.settled();
    if (!isFinal) return;
    this.#group.truncateParked();
    const checkpoint = this.#group.unwrittenCheckpoint();
    if (checkpoint) this.#work.writeCheckpoint(checkpoint);
    await this.#work.settled();
  }

  /** Forgets its checkpoints and parked messages. */
  async clear(): Promise<void> {
    await Promise.all([this.#work.checkpoints.clear(), this.#work.parked.clear()]);
  }

  info(): GroupInfo {
    const nowMs = this.#clock.monotonic();
    const { eventSource, group, settings } = this.config;
    const stats = this.#group.stats();
    const textOf = (place: number | undefined): string =>
      place === undefined ? '' : formatPlace(eventSource, place);
    return {
      eventSource,
      group,
      settings,
      status: stats.status,
      connections: [...this.#connected].map((connected) => connectionInfo(connected, nowMs)),
      throughput: stats.throughput.measure(nowMs),
      lastCheckpointed: textOf(stats.lastCheckpointed),
      lastKnown: textOf(stats.lastKnown),
      readBufferCount: stats.readBufferCount,
      liveBufferCount: stats.liveBufferCount,
      retryBufferCount: stats.retryBufferCount,
      totalInFlightMessages: stats.outstandingCount,
      outstandingMessagesCount: stats.outstandingCount,
      parkedMessageCount: stats.parkedCount,
    };
  }

  /** The source can never be read again: nobody gets anything until the group is updated or restarted. */
  #fault(): void {
    this.#isFaulted = true;
    this.#logger.warn(`Group ${this.key} is at an end: its stream is tombstoned`);
    for (const connected of this.#connected) this.#drop(connected, 'dropped');
  }

  #drop(connected: Connected, reason: DropReason): void {
    if (this.#connected.delete(connected)) connected.options.dropped(reason);
  }

  #connectionOf(connected: Connected): GroupConnection {
    const { consumer } = connected;
    const ifOpen = (act: (group: SubscriptionGroup, nowMs: number) => void): void => {
      if (this.#connected.has(connected)) act(this.#group, this.#clock.monotonic());
    };
    return {
      id: this.key,
      resume: () => {
        ifOpen((group, nowMs) => {
          group.resume(consumer, nowMs);
        });
      },
      ack: (ids) => {
        ifOpen((group, nowMs) => {
          group.ack(ids, nowMs);
        });
      },
      nack: (ids, action, reason) => {
        ifOpen((group, nowMs) => {
          group.nack(ids, action, reason, nowMs);
        });
      },
      disconnect: () => {
        ifOpen((group, nowMs) => {
          this.#connected.delete(connected);
          group.disconnect(consumer, nowMs);
        });
      },
    };
  }

  #refusal(kind: 'maximum-subscribers' | 'no-buffer'): SubscriptionError {
    return new SubscriptionError(kind, this.config.eventSource, this.config.group);
  }
}

function firstPlace({ settings, endPlace = -1 }: GroupConfig): number {
  const { startFrom } = settings;
  if (startsAtEnd(startFrom)) return endPlace + 1;
  const start = typeof startFrom === 'bigint' ? startFrom : startFrom.commit;
  return Math.min(Number(start), Number.MAX_SAFE_INTEGER);
}

function connectionInfo({ consumer, options }: Connected, nowMs: number): ConnectionInfo {
  return {
    connectionName: options.connectionName,
    username: options.username,
    throughput: consumer.throughput.measure(nowMs),
    availableSlots: consumer.slots,
    inFlightMessages: consumer.inFlight,
    latencies: consumer.latencies?.summary() ?? new Map<string, number>(),
  };
}
