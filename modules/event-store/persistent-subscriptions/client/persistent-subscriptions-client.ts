import type { DuplexOptions } from 'node:stream';
import {
  type BaseOptions,
  type EventType,
  type Filter,
  InvalidArgumentError,
  type PersistentSubscriptionToAll,
  type PersistentSubscriptionToAllInfo,
  type PersistentSubscriptionToAllResolvedEvent,
  type PersistentSubscriptionToAllSettings,
  type PersistentSubscriptionToStream,
  type PersistentSubscriptionToStreamInfo,
  type PersistentSubscriptionToStreamResolvedEvent,
  type PersistentSubscriptionToStreamSettings,
} from '@eventstore/db-client';
import type { Clock } from '../../../kernel/index.js';
import type { EventStoreClient } from '../../event-store-client.js';
import { withinDeadline } from '../../in-process/deadline.js';
import type { GroupSource } from '../group-settings.js';
import type { PersistentSubscriptions } from '../persistent-subscriptions.js';
import { toAllInfo, toEitherInfo, toStreamInfo } from './client-info.js';
import { toAllSettings, toGroupFilter, toStreamSettings } from './client-settings.js';
import { GroupSubscription } from './group-subscription.js';
import { toSubscriptionClientError } from './subscription-client-error.js';

/** The calls of the official client that are about persistent subscriptions. */
export type PersistentSubscriptionCalls = Pick<
  EventStoreClient,
  | 'createPersistentSubscriptionToStream'
  | 'createPersistentSubscriptionToAll'
  | 'updatePersistentSubscriptionToStream'
  | 'updatePersistentSubscriptionToAll'
  | 'deletePersistentSubscriptionToStream'
  | 'deletePersistentSubscriptionToAll'
  | 'getPersistentSubscriptionToStreamInfo'
  | 'getPersistentSubscriptionToAllInfo'
  | 'listAllPersistentSubscriptions'
  | 'listPersistentSubscriptionsToStream'
  | 'listPersistentSubscriptionsToAll'
  | 'replayParkedMessagesToStream'
  | 'replayParkedMessagesToAll'
  | 'restartPersistentSubscriptionSubsystem'
  | 'subscribeToPersistentSubscriptionToStream'
  | 'subscribeToPersistentSubscriptionToAll'
>;

type ReplayOptions = BaseOptions & { readonly stopAt?: number | bigint };
type SubscribeOptions = BaseOptions & { readonly bufferSize?: number };
type EitherInfo = PersistentSubscriptionToStreamInfo | PersistentSubscriptionToAllInfo;

const DEFAULT_BUFFER_SIZE = 10;

/**
 * Persistent subscriptions in process, with the signatures, results and errors of the official client. Of the options of a
 * call `deadline` counts; credentials and leaders mean nothing here.
 */
export class PersistentSubscriptionsClient implements PersistentSubscriptionCalls {
  readonly #subscriptions: PersistentSubscriptions;
  readonly #clock: Clock;

  constructor(subscriptions: PersistentSubscriptions, clock: Clock) {
    this.#subscriptions = subscriptions;
    this.#clock = clock;
  }

  async createPersistentSubscriptionToStream(
    streamName: string,
    groupName: string,
    settings: PersistentSubscriptionToStreamSettings,
    options: BaseOptions = {},
  ): Promise<void> {
    const source = streamOf(streamName);
    await this.#groupCall(groupName, options, () =>
      this.#subscriptions.create(source, groupName, toStreamSettings(settings)),
    );
  }

  async createPersistentSubscriptionToAll(
    groupName: string,
    settings: PersistentSubscriptionToAllSettings,
    options: BaseOptions & { readonly filter?: Filter } = {},
  ): Promise<void> {
    await this.#groupCall(groupName, options, () => {
      const filter = options.filter && toGroupFilter(options.filter);
      return this.#subscriptions.create('all', groupName, toAllSettings(settings), filter);
    });
  }

  async updatePersistentSubscriptionToStream(
    streamName: string,
    groupName: string,
    settings: PersistentSubscriptionToStreamSettings,
    options: BaseOptions = {},
  ): Promise<void> {
    const source = streamOf(streamName);
    await this.#groupCall(groupName, options, () =>
      this.#subscriptions.update(source, groupName, toStreamSettings(settings)),
    );
  }

  async updatePersistentSubscriptionToAll(
    groupName: string,
    settings: PersistentSubscriptionToAllSettings,
    options: BaseOptions = {},
  ): Promise<void> {
    await this.#groupCall(groupName, options, () =>
      this.#subscriptions.update('all', groupName, toAllSettings(settings)),
    );
  }

  async deletePersistentSubscriptionToStream(
    streamName: string,
    groupName: string,
    options: BaseOptions = {},
  ): Promise<void> {
    await this.#groupCall(groupName, options, () =>
      this.#subscriptions.delete(streamOf(streamName), groupName),
    );
  }

  async deletePersistentSubscriptionToAll(
    groupName: string,
    options: BaseOptions = {},
  ): Promise<void> {
    await this.#groupCall(groupName, options, () => this.#subscriptions.delete('all', groupName));
  }

  async getPersistentSubscriptionToStreamInfo(
    streamName: string,
    groupName: string,
    options: BaseOptions = {},
  ): Promise<PersistentSubscriptionToStreamInfo> {
    const source = streamOf(streamName);
    return toStreamInfo(
      await this.#groupCall(groupName, options, () => this.#subscriptions.info(source, groupName)),
    );
  }

  async getPersistentSubscriptionToAllInfo(
    groupName: string,
    options: BaseOptions = {},
  ): Promise<PersistentSubscriptionToAllInfo> {
    return toAllInfo(
      await this.#groupCall(groupName, options, () => this.#subscriptions.info('all', groupName)),
    );
  }

  async listAllPersistentSubscriptions(options: BaseOptions = {}): Promise<EitherInfo[]> {
    const infos = await this.#call(options, () => this.#subscriptions.list());
    return infos.map(toEitherInfo);
  }

  async listPersistentSubscriptionsToStream(
    streamName: string,
    options: BaseOptions = {},
  ): Promise<PersistentSubscriptionToStreamInfo[]> {
    const source = streamOf(streamName);
    return (await this.#call(options, () => this.#subscriptions.list(source))).map(toStreamInfo);
  }

  async listPersistentSubscriptionsToAll(
    options: BaseOptions = {},
  ): Promise<PersistentSubscriptionToAllInfo[]> {
    return (await this.#call(options, () => this.#subscriptions.list('all'))).map(toAllInfo);
  }

  async replayParkedMessagesToStream(
    streamName: string,
    groupName: string,
    options: ReplayOptions = {},
  ): Promise<void> {
    await this.#replay(streamOf(streamName), groupName, options);
  }

  async replayParkedMessagesToAll(groupName: string, options: ReplayOptions = {}): Promise<void> {
    await this.#replay('all', groupName, options);
  }

  async restartPersistentSubscriptionSubsystem(options: BaseOptions = {}): Promise<void> {
    await this.#call(options, () => this.#subscriptions.restart());
  }

  subscribeToPersistentSubscriptionToStream<E extends EventType = EventType>(
    streamName: string,
    groupName: string,
    options: SubscribeOptions = {},
    duplexOptions: DuplexOptions = {},
  ): PersistentSubscriptionToStream<E> {
    return new GroupSubscription<PersistentSubscriptionToStreamResolvedEvent<E>>(
      this.#subscriptionOptions(streamOf(streamName), groupName, options),
      duplexOptions,
    );
  }

  subscribeToPersistentSubscriptionToAll(
    groupName: string,
    options: SubscribeOptions = {},
    duplexOptions: DuplexOptions = {},
  ): PersistentSubscriptionToAll {
    return new GroupSubscription<PersistentSubscriptionToAllResolvedEvent>(
      this.#subscriptionOptions('all', groupName, options),
      duplexOptions,
    );
  }

  async #replay(source: GroupSource, group: string, { stopAt, ...options }: ReplayOptions) {
    await this.#groupCall(group, options, () => {
      const before = stopAt === undefined ? undefined : revisionOf(stopAt);
      return this.#subscriptions.replayParked(source, group, before);
    });
  }

  #subscriptionOptions(source: GroupSource, group: string, { bufferSize }: SubscribeOptions) {
    return {
      subscriptions: this.#subscriptions,
      source,
      group: named('groupName', group),
      bufferSize: bufferSize ?? DEFAULT_BUFFER_SIZE,
    };
  }

  async #groupCall<Result>(
    group: string,
    options: BaseOptions,
    call: () => Promise<Result>,
  ): Promise<Result> {
    named('groupName', group);
    return this.#call(options, call);
  }

  async #call<Result>(options: BaseOptions, call: () => Promise<Result>): Promise<Result> {
    try {
      return await withinDeadline(this.#clock, options.deadline, call());
    } catch (error) {
      throw toSubscriptionClientError(error);
    }
  }
}

function streamOf(streamName: string): GroupSource {
  return { stream: named('streamName', streamName) };
}

/** A name that is a text. @throws InvalidArgumentError for callers without types */
function named(field: string, name: unknown): string {
  if (typeof name === 'string') return name;
  throw new InvalidArgumentError(`${field} must be a string. Value Received: ${String(name)}`);
}

function revisionOf(stopAt: number | bigint): bigint {
  if (typeof stopAt === 'bigint' || Number.isSafeInteger(stopAt)) return BigInt(stopAt);
  throw new InvalidArgumentError(`stopAt must be an integer. Value Received: ${String(stopAt)}`);
}
