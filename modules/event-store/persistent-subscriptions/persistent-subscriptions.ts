import { Logger } from '@nestjs/common';
import type { CancelTimer, Clock } from '../../kernel/index.js';
import { EngineError, type EventLog, type LogFilter } from '../embedded/event-log.js';
import { eventSourceFor } from './event-source.js';
import type { ConnectOptions, GroupConnection } from './group-connection.js';
import type { GroupInfo } from './group-info.js';
import { GroupSet } from './group-set.js';
import {
  eventSourceOf,
  type GroupConfig,
  type GroupSettings,
  type GroupSource,
  startsAtEnd,
} from './group-settings.js';
import { RunningGroup } from './running-group.js';
import { sizeRefusal, strategyOrStartRefusal, nameRefusal } from './settings-validation.js';
import { ConfigStream } from './streams/config-stream.js';
import { SubscriptionError, type SubscriptionErrorKind } from './subscription-error.js';

const TICK_MS = 1_000;
const WRONG_STATE = 'Persistent Subscriptions cannot be restarted as it is in the wrong state.';

export interface PersistentSubscriptionsOptions {
  readonly log: EventLog;
  readonly clock: Clock;
}

/**
 * The persistent subscriptions of EventStoreDB on a log: named groups of competing consumers, whose progress survives
 * consumers and restarts. Every event that a group wants is handed out until it is acknowledged, skipped or parked.
 *
 * Differs from EventStoreDB only where that loses events: a checkpoint never passes an event that was not handled (a
 * filtered `$all` group of EventStoreDB up to 26.1 does that), a group that begins at the end remembers where the end was,
 * and a replayed parked message stays parked until it is handled.
 *
 * Faces (the client in process, the server) turn these calls and `SubscriptionError`s into their own vocabulary.
 */
export class PersistentSubscriptions {
  readonly #log: EventLog;
  readonly #clock: Clock;
  readonly #config: ConfigStream;
  readonly #logger = new Logger('PersistentSubscriptions');
  #groups = new GroupSet();
  /** Settles when the last call that was made is done; calls are done one by one. */
  #lastCall: Promise<unknown> = Promise.resolve();
  #isRunning = false;
  #stopListening: (() => void) | undefined;
  #cancelTick: CancelTimer | undefined;

  constructor(options: PersistentSubscriptionsOptions) {
    this.#log = options.log;
    this.#clock = options.clock;
    this.#config = new ConfigStream(options.log);
  }

  /** Takes up every group where it left off. To be called once, before anything else. */
  async start(): Promise<void> {
    await this.#afterEarlier(() => this.#start());
  }

  /**
   * Creates a group; resolves when it is on disk and gets every event from its start on.
   * @throws SubscriptionError `exists`, or `failed` with the reason
   */
  async create(
    source: GroupSource,
    group: string,
    settings: GroupSettings,
    filter?: LogFilter,
  ): Promise<void> {
    this.#checkName(source, group);
    await this.#inTurn(async () => {
      const eventSource = eventSourceOf(source);
      const refuse = refusalOf(eventSource, group);
      refuse('failed', strategyOrStartRefusal(settings, this.#log.head));
      const requested: GroupConfig = {
        eventSource,
        group,
        settings,
        ...(filter ? { filter } : {}),
      };
      refuse('failed', this.#filterRefusal(requested));
      if (this.#groups.find(eventSource, group)) refuse('exists', '');
      refuse('failed', sizeRefusal(settings));
      const created = this.#run(await this.#withEnd(requested));
      await created.clear(); // what a group of this name left behind when its removal was cut short
      this.#groups.add(created);
      try {
        await Promise.all([created.start(), this.#save()]);
      } catch (error) {
        this.#groups.remove(created);
        await created.stop('dropped', false);
        throw error;
      }
    });
  }

  /**
   * Replaces the settings of a group; its filter stays. Its consumers are dropped, and what no checkpoint holds is handed
   * out again.
   * @throws SubscriptionError `does-not-exist`, or `failed` with the reason
   */
  async update(source: GroupSource, group: string, settings: GroupSettings): Promise<void> {
    this.#checkName(source, group);
    await this.#inTurn(async () => {
      const eventSource = eventSourceOf(source);
      const refuse = refusalOf(eventSource, group);
      const current = this.#find(source, group);
      refuse('failed', strategyOrStartRefusal(settings, this.#log.head));
      refuse('failed', sizeRefusal(settings));
      const updated = this.#run(
        await this.#withEnd({ ...current.config, settings }, current.config),
      );
      await this.#save((config) => (config === current.config ? updated.config : config));
      this.#groups.remove(current);
      this.#groups.add(updated);
      await current.stop('dropped', false);
      await updated.start();
    });
  }

  /** Deletes a group with its checkpoints and parked messages. @throws SubscriptionError `does-not-exist`, `failed` */
  async delete(source: GroupSource, group: string): Promise<void> {
    this.#checkName(source, group);
    await this.#inTurn(async () => {
      const current = this.#find(source, group);
      await this.#save((config) => (config === current.config ? undefined : config));
      this.#groups.remove(current);
      await current.stop('dropped', false);
      await current.clear();
    });
  }

  /** @throws SubscriptionError `does-not-exist` */
  async info(source: GroupSource, group: string): Promise<GroupInfo> {
    return this.#inTurn(() => this.#find(source, group).info());
  }

  /**
   * The groups of a source, or all.
   * @throws SubscriptionError `does-not-exist`, without a group, if the source had none since the start
   */
  async list(source?: GroupSource): Promise<readonly GroupInfo[]> {
    return this.#inTurn(() => {
      const groups = this.#groups.all;
      if (!source) return groups.map((group) => group.info());
      const eventSource = eventSourceOf(source);
      if (!this.#groups.isKnown(eventSource)) {
        throw new SubscriptionError('does-not-exist', eventSource, '');
      }
      return groups
        .filter(({ config }) => config.eventSource === eventSource)
        .map((group) => group.info());
    });
  }

  /**
   * Hands out the parked messages of a group again, in the background; does nothing while that is under way.
   * @param stopAt revision in the stream of parked messages before which it stops; default: all that are parked now
   * @throws SubscriptionError `does-not-exist`, or `failed` if `stopAt` is negative
   */
  async replayParked(source: GroupSource, group: string, stopAt?: bigint): Promise<void> {
    if (stopAt !== undefined && stopAt < 0n) {
      refusalOf(eventSourceOf(source), group)(
        'failed',
        'Cannot stop replaying parked message at a negative version.',
      );
    }
    const before = stopAt === undefined ? undefined : Number(stopAt);
    await this.#inTurn(() => {
      this.#find(source, group).replayParked(before);
    });
  }

  /**
   * Drops every consumer and takes up all groups anew.
   * @throws SubscriptionError `failed` when it is not running
   */
  async restart(): Promise<void> {
    await this.#afterEarlier(async () => {
      if (!this.#isRunning) throw new SubscriptionError('failed', '', '', WRONG_STATE);
      await this.#stop('dropped');
      await this.#start();
    });
  }

  /**
   * Connects a consumer to a group; it gets messages after its first `resume`.
   * @throws SubscriptionError `does-not-exist`, `maximum-subscribers`, `no-buffer`
   */
  async connect(
    source: GroupSource,
    group: string,
    options: ConnectOptions,
  ): Promise<GroupConnection> {
    return this.#inTurn(() => this.#find(source, group).connect(options));
  }

  /** Cuts off every consumer and notes down how far each group came. */
  async close(): Promise<void> {
    await this.#afterEarlier(async () => {
      if (this.#isRunning) await this.#stop('unavailable');
    });
  }

  async #start(): Promise<void> {
    const configs = await this.#config.load();
    if (!configs) this.#logger.error('The stored persistent subscriptions cannot be read');
    this.#isRunning = true;
    this.#stopListening = this.#log.onCommitted((records) => {
      for (const record of records) this.#groups.committed(record);
    });
    for (const config of configs ?? []) this.#groups.add(this.#run(config));
    await Promise.all(this.#groups.all.map((group) => group.start()));
    this.#tickLater();
  }

  async #stop(reason: 'dropped' | 'unavailable'): Promise<void> {
    this.#isRunning = false;
    this.#cancelTick?.();
    this.#stopListening?.();
    const groups = this.#groups.all;
    this.#groups = new GroupSet();
    await Promise.all(groups.map((group) => group.stop(reason, true)));
  }

  #tickLater(): void {
    this.#cancelTick = this.#clock.setTimer(() => {
      this.#groups.tick();
      this.#tickLater();
    }, TICK_MS);
  }

  /**
   * Does what a caller asked for when all earlier calls are done, whether these succeeded or not: no call meets a set of
   * groups that is half changed.
   */
  async #inTurn<Result>(call: () => Result | Promise<Result>): Promise<Result> {
    return this.#afterEarlier(() => {
      if (this.#isRunning) return call();
      throw new EngineError({ kind: 'unavailable', message: 'The event store is closing' });
    });
  }

  async #afterEarlier<Result>(call: () => Result | Promise<Result>): Promise<Result> {
    const result = this.#lastCall.then(call);
    this.#lastCall = result.catch(() => undefined);
    return result;
  }

  #run(config: GroupConfig): RunningGroup {
    return new RunningGroup(this.#log, this.#clock, this.#logger, config);
  }

  /** Stores the groups, with `changed` telling what becomes of each. */
  async #save(
    changed: (config: GroupConfig) => GroupConfig | undefined = (config) => config,
  ): Promise<void> {
    const configs = this.#groups.configs.map(changed);
    await this.#config.save(
      configs.filter((config) => config !== undefined),
      this.#clock.now(),
    );
  }

  /** Notes where the end is now for a group that begins there; one that already did keeps its place. */
  async #withEnd(config: GroupConfig, before?: GroupConfig): Promise<GroupConfig> {
    if (!startsAtEnd(config.settings.startFrom)) return config;
    if (before?.endPlace !== undefined && startsAtEnd(before.settings.startFrom)) return config;
    return { ...config, endPlace: await eventSourceFor(this.#log, config).endPlace() };
  }

  #filterRefusal(config: GroupConfig): string | undefined {
    try {
      eventSourceFor(this.#log, config);
      return undefined;
    } catch (error) {
      if (error instanceof EngineError) return error.message;
      throw error;
    }
  }

  #find(source: GroupSource, group: string): RunningGroup {
    const eventSource = eventSourceOf(source);
    const found = this.#groups.find(eventSource, group);
    if (!found) throw new SubscriptionError('does-not-exist', eventSource, group);
    return found;
  }

  #checkName(source: GroupSource, group: string): void {
    const eventSource = eventSourceOf(source);
    refusalOf(eventSource, group)('failed', nameRefusal(eventSource, group, source === 'all'));
  }
}

/** Throws a refusal about one group, if there is a reason. */
function refusalOf(eventSource: string, group: string) {
  return (kind: SubscriptionErrorKind, reason: string | undefined): void => {
    if (reason !== undefined) throw new SubscriptionError(kind, eventSource, group, reason);
  };
}
