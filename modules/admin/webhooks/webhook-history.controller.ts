import { Get, Param, Query } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { GetEndpointHealth, GetUndelivered } from '../../../projections/index.js';
import { WebhooksService } from '../../registry/index.js';
import { ApiController } from '../api-controller.decorator.js';
import { DeliveryPageResponse } from '../deliveries/delivery.response.js';
import { Promises } from '../promises.service.js';
import { IsTime } from '../validation/constraints.js';
import { Field } from '../validation/field.decorator.js';
import { CursorField, LimitField, pageOf } from '../validation/page-fields.js';
import { EndpointHealthResponse } from './endpoint-health.response.js';

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
    summary: 'Attempts, success rate and latency of an endpoint, hour by hour',
    description: 'At most 31 days. Default: the last 24 hours.',
  })
  @ApiOkResponse({ type: EndpointHealthResponse })
  async health(
    @Param('id') id: string,
    @Query() request: SpanRequest,
  ): Promise<EndpointHealthResponse> {
    const { id: webhookId } = await this.#webhooks.get(id);
    return this.#queries.execute(new GetEndpointHealth({ webhookId, ...spanOf(request) }));
  }

  /** @throws PosthornError `PSH_PROJECTION_CURSOR_INVALID` */
  @Get(':id/undelivered')
  @ApiOperation({
    summary: 'List the deliveries of a webhook that did not succeed',
    description:
      'Those that wait or are tried again, dead letters, and what was discarded; newest first.',
  })
  @ApiOkResponse({ type: DeliveryPageResponse })
  undelivered(
    @Param('id') webhookId: string,
    @Query() request: ListUndeliveredRequest,
  ): Promise<DeliveryPageResponse> {
    return this.#queries.execute(
      new GetUndelivered({
        webhookId,
        ...spanOf(request),
        ...pageOf(request),
        ...this.#promises.freshness,
      }),
    );
  }
}

function spanOf({ from, to }: SpanRequest): { readonly from?: number; readonly to?: number } {
  return {
    ...(from !== undefined && { from: Date.parse(from) }),
    ...(to !== undefined && { to: Date.parse(to) }),
  };
}
