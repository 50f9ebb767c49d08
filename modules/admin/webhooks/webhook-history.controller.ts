import { Get, Param, Query } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { GetEndpointHealth, GetUndelivered } from '../../../projections/index.js';
import { GetLane } from '../../delivery/index.js';
import { GetAudit } from '../../reconciler/index.js';
import { WebhooksService } from '../../registry/index.js';
import { ApiController } from '../api-controller.decorator.js';
import { Promises } from '../promises.service.js';
import { IsTime } from '../validation/constraints.js';
import { Field } from '../validation/field.decorator.js';
import { CursorField, LimitField, pageOf } from '../validation/page-fields.js';
import { EndpointHealthResponse } from './endpoint-health.response.js';
import { UndeliveredPageResponse } from './undelivered.response.js';

const TIME = 'a date or a time of ISO 8601 with an offset, such as `2026-08-01T12:00:00Z`';

/** A span of time. */
class SpanRequest {
  @Field({ rule: TIME, isOptional: true, description: 'From this time on.' }, IsTime())
  readonly from?: string;

  @Field({ rule: TIME, isOptional: true, description: 'Before this time.' }, IsTime())
  readonly to?: string;
}

class ListUndeliveredRequest extends SpanRequest {
  @LimitField()
  readonly limit?: string;

  @CursorField()
  readonly cursor?: string;
}

/** How a webhook fares: the figures of its endpoint, and what did not arrive. */
@ApiController('webhooks', 'Webhooks')
export class WebhookHistoryController {
  readonly #webhooks: WebhooksService;
  readonly #queries: QueryBus;
  readonly #promises: Promises;

  constructor(webhooks: WebhooksService, queries: QueryBus, promises: Promises) {
    this.#webhooks = webhooks;
    this.#queries = queries;
    this.#promises = promises;
  }

  /** @throws PosthornError `PSH_REGISTRY_NOT_FOUND`, `PSH_PROJECTION_QUERY_INVALID` */
  @Get(':id/health')
  @ApiOperation({
    summary:
      'How an endpoint fares: what slows it, since when it fails, and its attempts hour by hour',
    description: 'At most 31 days. Default: the last 24 hours.',
  })
  @ApiOkResponse({ type: EndpointHealthResponse })
  async health(
    @Param('id') id: string,
    @Query() request: SpanRequest,
  ): Promise<EndpointHealthResponse> {
    const { id: webhookId } = await this.#webhooks.get(id);
    const health = await this.#queries.execute(
      new GetEndpointHealth({ webhookId, ...spanOf(request) }),
    );
    const lane = await this.#queries.execute(new GetLane(webhookId));
    return { ...health, lane };
  }

  /** @throws PosthornError `PSH_PROJECTION_CURSOR_INVALID`, `PSH_PROJECTION_LAGGING` */
  @Get(':id/undelivered')
  @ApiOperation({
    summary: 'List what did not arrive at a webhook',
    description:
      'Its deliveries that did not succeed: those that wait or are tried again, dead letters, and what was discarded; ' +
      'newest first. `audit` says for which events of the log the list is exact.',
  })
  @ApiOkResponse({ type: UndeliveredPageResponse })
  async undelivered(
    @Param('id') webhookId: string,
    @Query() request: ListUndeliveredRequest,
  ): Promise<UndeliveredPageResponse> {
    const audit = await this.#queries.execute(new GetAudit());
    const page = await this.#queries.execute(
      new GetUndelivered({
        webhookId,
        ...spanOf(request),
        ...pageOf(request),
        minPosition: latest(this.#promises.freshness.minPosition, audit?.recordedUpTo),
      }),
    );
    return { ...page, audit };
  }
}

/** A list that shows what was promised before, and every delivery of the audited events. */
function latest(promised: bigint | undefined, recordedUpTo: string | undefined): bigint {
  const recorded = BigInt(recordedUpTo ?? -1);
  return promised !== undefined && promised > recorded ? promised : recorded;
}

function spanOf({ from, to }: SpanRequest): { readonly from?: number; readonly to?: number } {
  return {
    ...(from !== undefined && { from: Date.parse(from) }),
    ...(to !== undefined && { to: Date.parse(to) }),
  };
}
