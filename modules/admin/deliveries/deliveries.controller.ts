import { Body, Get, HttpCode, HttpStatus, Param, Post, Query } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { ApiAcceptedResponse, ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { GetDeliveries, GetDelivery } from '../../../projections/index.js';
import { DiscardDelivery, ReplayDelivery } from '../../delivery/index.js';
import { PosthornError } from '../../kernel/index.js';
import { ApiController } from '../api-controller.decorator.js';
import { Promises } from '../promises.service.js';
import { ReasonRequest } from '../reason.request.js';
import { REQUESTED_BY } from '../requested-by.js';
import { DeliveryCommandResponse, toCommandResponse } from './delivery-command.response.js';
import { DeliveryDetailsResponse, DeliveryPageResponse } from './delivery.response.js';
import { ListDeliveriesRequest, searchOf } from './list-deliveries.request.js';

/** Deliveries: their history, and what can be asked of one. */
@ApiController('deliveries', 'Deliveries')
export class DeliveriesController {
  readonly #queries: QueryBus;
  readonly #commands: CommandBus;
  readonly #promises: Promises;

  constructor(queries: QueryBus, commands: CommandBus, promises: Promises) {
    this.#queries = queries;
    this.#commands = commands;
    this.#promises = promises;
  }

  @Get()
  @ApiOperation({ summary: 'List deliveries', description: 'Newest first.' })
  @ApiOkResponse({ type: DeliveryPageResponse })
  list(@Query() request: ListDeliveriesRequest): Promise<DeliveryPageResponse> {
    const search = { ...searchOf(request), ...this.#promises.freshness };
    return this.#queries.execute(new GetDeliveries(search));
  }

  /** @throws PosthornError `PSH_DELIVERY_NOT_FOUND` */
  @Get(':id')
  @ApiOperation({ summary: 'Show a delivery with everything that was tried' })
  @ApiOkResponse({ type: DeliveryDetailsResponse })
  async get(@Param('id') id: string): Promise<DeliveryDetailsResponse> {
    const delivery = await this.#queries.execute(new GetDelivery(id, this.#promises.freshness));
    if (!delivery) throw new PosthornError('PSH_DELIVERY_NOT_FOUND');
    return delivery;
  }

  /** @throws PosthornError `PSH_DELIVERY_NOT_FOUND`, `PSH_DELIVERY_NOT_REPLAYABLE`, `PSH_DELIVERY_WEBHOOK_REMOVED` */
  @Post(':id/replay')
  @HttpCode(HttpStatus.ACCEPTED)
  @ApiOperation({
    summary: 'Send a delivery again',
    description:
      'With the same `webhook-id`: as a new run when it has ended, at once when it is open.',
  })
  @ApiAcceptedResponse({ type: DeliveryCommandResponse })
  async replay(
    @Param('id') deliveryId: string,
    @Body() { reason }: ReasonRequest,
  ): Promise<DeliveryCommandResponse> {
    const request = { deliveryId, requestedBy: REQUESTED_BY, reason: reason ?? null };
    const result = await this.#commands.execute(new ReplayDelivery(request));
    this.#promises.promise(result.position);
    return toCommandResponse(result);
  }

  /** @throws PosthornError `PSH_DELIVERY_NOT_FOUND`, `PSH_DELIVERY_SUCCEEDED` */
  @Post(':id/discard')
  @HttpCode(HttpStatus.OK)
  @ApiOperation({ summary: 'Give a delivery up' })
  @ApiOkResponse({ type: DeliveryCommandResponse })
  async discard(
    @Param('id') deliveryId: string,
    @Body() { reason }: ReasonRequest,
  ): Promise<DeliveryCommandResponse> {
    const request = { deliveryId, requestedBy: REQUESTED_BY, reason: reason ?? null };
    const result = await this.#commands.execute(new DiscardDelivery(request));
    this.#promises.promise(result.position);
    return toCommandResponse(result);
  }
}
