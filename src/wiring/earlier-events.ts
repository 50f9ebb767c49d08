import type { RecordedEvent } from '@eventstore/db-client';
import { type DynamicModule, Module, type ModuleMetadata } from '@nestjs/common';
import { CqrsModule, QueryBus } from '@nestjs/cqrs';
import {
  EARLIER_EVENTS,
  type EarlierEvents,
  type EventStanding,
} from '../../modules/delivery/index.js';
import { STREAM_NAMES, type StreamNames } from '../../modules/event-store/index.js';
import { Membership } from '../../modules/feed/index.js';
import { isPosthornError } from '../../modules/kernel/index.js';
import { GetAudit } from '../../modules/reconciler/index.js';
import {
  isSelected,
  RegistryDirectory,
  sourceEventOf,
  type Webhook,
} from '../../modules/registry/index.js';
import { GetReplay, registrationReplayId } from '../../modules/replay/index.js';
import { TENANCY_OPTIONS, type TenancyOptions, tenantOf } from '../../modules/tenancy/index.js';

/**
 * Judges earlier events as those do who take them to their deliveries: the feed and the reconciler above the registration
 * of a webhook, the replay of its history up to it.
 */
class LogEarlierEvents implements EarlierEvents {
  readonly #directory: RegistryDirectory;
  readonly #membership: Membership;
  readonly #tenancy: TenancyOptions;
  readonly #queries: QueryBus;

  constructor(
    directory: RegistryDirectory,
    names: StreamNames,
    tenancy: TenancyOptions,
    queries: QueryBus,
  ) {
    this.#directory = directory;
    this.#membership = new Membership(directory, names, tenancy);
    this.#tenancy = tenancy;
    this.#queries = queries;
  }

  standingOf(event: RecordedEvent, webhook: Webhook): EventStanding {
    if (!this.#membership.isOfApplication(event)) return 'other';
    const { registeredAt } = this.#directory.entry(webhook.id);
    const position = positionOf(event);
    if (position <= registeredAt) return this.#standingInHistory(event, webhook);
    try {
      const { webhooks } = this.#membership.of(event, position);
      return webhooks.some(({ id }) => id === webhook.id) ? 'member' : 'other';
    } catch {
      return 'member'; // until the audit has passed it, it may turn out to be one
    }
  }

  async isSettled(event: RecordedEvent, webhook: Webhook): Promise<boolean> {
    const { registeredAt } = this.#directory.entry(webhook.id);
    const position = positionOf(event);
    if (position <= registeredAt) return this.#isTakenFromHistory(position, webhook);
    const audit = await this.#queries.execute(new GetAudit());
    return audit?.upTo != null && position <= BigInt(audit.upTo);
  }

  #standingInHistory(event: RecordedEvent, webhook: Webhook): EventStanding {
    const { state } = this.#directory.entry(webhook.id);
    if (state.phase !== 'registered' || state.startFrom === 'now') return 'before';
    const { startFrom } = state;
    if (typeof startFrom === 'object') {
      const isBefore =
        'position' in startFrom
          ? positionOf(event) < BigInt(startFrom.position)
          : event.created.getTime() < Date.parse(startFrom.time);
      if (isBefore) return 'before';
    }
    try {
      const tenantId = tenantOf(event, this.#tenancy);
      const { streamId: stream, type } = event;
      const isMember =
        isSelected(webhook.definition, { type, stream, tenantId }) &&
        this.#directory.isWanted(webhook, sourceEventOf(event, tenantId));
      return isMember ? 'member' : 'other';
    } catch {
      return 'other'; // a replay passes over what cannot be told
    }
  }

  async #isTakenFromHistory(position: bigint, { id, registration }: Webhook): Promise<boolean> {
    try {
      const replayId = registrationReplayId(id, registration);
      const { progress, status } = await this.#queries.execute(new GetReplay(replayId));
      if (status === 'completed' || status === 'cancelled') return true;
      return progress.position !== null && position <= BigInt(progress.position);
    } catch (error) {
      if (isPosthornError(error, 'PSH_REPLAY_NOT_FOUND')) return false;
      throw error;
    }
  }
}

function positionOf(event: RecordedEvent): bigint {
  return event.position?.commit ?? 0n;
}

/** Tells the deliveries which earlier events there are to wait for: of feed, reconciler and replays they know nothing. */
@Module({})
export class EarlierEventsModule {
  static on(imports: NonNullable<ModuleMetadata['imports']>): DynamicModule {
    return {
      module: EarlierEventsModule,
      imports: [CqrsModule, ...imports],
      providers: [
        {
          provide: EARLIER_EVENTS,
          inject: [RegistryDirectory, STREAM_NAMES, TENANCY_OPTIONS, QueryBus],
          useFactory: (
            directory: RegistryDirectory,
            names: StreamNames,
            tenancy: TenancyOptions,
            queries: QueryBus,
          ): EarlierEvents => new LogEarlierEvents(directory, names, tenancy, queries),
        },
      ],
      exports: [EARLIER_EVENTS],
    };
  }
}
