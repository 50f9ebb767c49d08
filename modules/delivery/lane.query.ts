import { Inject } from '@nestjs/common';
import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import { CLOCK, type Clock, PosthornError } from '../kernel/index.js';
import { WEBHOOK_DIRECTORY, type WebhookDirectory } from '../registry/index.js';
import { DeliveryEngine } from './delivery-engine.js';
import type { LaneState } from './lanes.js';

/** How the lane of a webhook goes on this instance; others learn for themselves what its endpoint bears. */
export interface LaneStatus {
  /** Requests under way. */
  readonly active: number;
  /** Deliveries that wait for a place; those that are recorded for later are more. */
  readonly waiting: number;
  /** Requests that may be under way now: fewer than the webhook allows while its endpoint is slowed or down. */
  readonly concurrency: number;
  readonly breaker: LaneState['breaker'];
  /** What slows it, or keeps it closed; `null` when nothing does. */
  readonly slowedBy: LaneState['reason'];
  /** When the next request may start, ISO 8601 in UTC; `null`: now. */
  readonly opensAt: string | null;
}

/** How the lane of a webhook goes on this instance. @throws PosthornError `PSH_REGISTRY_NOT_FOUND` */
export class GetLane extends Query<LaneStatus> {
  constructor(readonly webhookId: string) {
    super();
  }
}

@QueryHandler(GetLane)
export class GetLaneHandler implements IQueryHandler<GetLane> {
  constructor(
    private readonly engine: DeliveryEngine,
    @Inject(WEBHOOK_DIRECTORY) private readonly directory: WebhookDirectory,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  execute({ webhookId }: GetLane): Promise<LaneStatus> {
    const webhook = this.directory.find(webhookId);
    if (!webhook || webhook.status === 'removed') {
      return Promise.reject(new PosthornError('PSH_REGISTRY_NOT_FOUND'));
    }
    const { active, breaker, concurrency, opensInMs, reason, waiting } =
      this.engine.laneOf(webhook);
    const opensAt = opensInMs === 0 ? null : new Date(this.clock.now() + opensInMs).toISOString();
    return Promise.resolve({
      ...{ active, waiting, concurrency, breaker, slowedBy: reason, opensAt },
    });
  }
}
