import { Body, Get, HttpCode, HttpStatus, Post, Query, UseInterceptors } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { ApiAcceptedResponse, ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { GetDeadLetters } from '../../../projections/index.js';
import { ReplayDeadLetters } from '../../replay/index.js';
import { ApiController } from '../api-controller.decorator.js';
import { filterOf } from '../deliveries/delivery-filter.request.js';
import { pageOf } from '../validation/page-fields.js';
import { Promises } from '../promises.service.js';
import { ReplayLocationInterceptor } from '../replays/replay-location.interceptor.js';
import { REQUESTED_BY } from '../requested-by.js';
import { DeadLetterPageResponse, ReplayAcceptedResponse } from './dead-letter.response.js';
import { ListDeadLettersRequest, ReplayDeadLettersRequest } from './dead-letters.request.js';

/** Deliveries that ended without success. */
@ApiController('dead-letters', 'Dead letters')
export class DeadLettersController {
  readonly #queries: QueryBus;
  readonly #commands: CommandBus;
  readonly #promises: Promises;

  constructor(queries: QueryBus, commands: CommandBus, promises: Promises) {
    this.#queries = queries;
    this.#commands = commands;
    this.#promises = promises;
  }

  @Get()
  @ApiOperation({
    summary: 'List dead letters',
    description: 'With their final errors, newest first.',
  })
  @ApiOkResponse({ type: DeadLetterPageResponse })
  list(@Query() request: ListDeadLettersRequest): Promise<DeadLetterPageResponse> {
    return this.#queries.execute(
      new GetDeadLetters({
        ...filterOf(request),
        ...pageOf(request),
        ...this.#promises.freshness,
      }),
    );
  }

  @Post('replay')
  @HttpCode(HttpStatus.ACCEPTED)
  @UseInterceptors(ReplayLocationInterceptor)
  @ApiOperation({
    summary: 'Replay every dead letter that matches',
    description:
      'A recorded process, shown at its `Location`: it goes on after a restart, and replays each dead letter once.',
  })
  @ApiAcceptedResponse({ type: ReplayAcceptedResponse })
  async replay(@Body() request: ReplayDeadLettersRequest): Promise<ReplayAcceptedResponse> {
    const { id: replayId, perSecond, reason } = request;
    const filter = filterOf(request);
    const asked = { filter, replayId, perSecond, requestedBy: REQUESTED_BY, reason };
    const result = await this.#commands.execute(new ReplayDeadLetters(asked));
    this.#promises.promise(result.position);
    return { accepted: result.accepted, replayId: result.replayId };
  }
}
