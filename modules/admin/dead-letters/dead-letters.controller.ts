import { Body, Get, HttpCode, HttpStatus, Post, Query } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import { ApiAcceptedResponse, ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import { GetDeadLetters } from '../../../projections/index.js';
import { ReplayDeadLetters } from '../../delivery/index.js';
import { ApiController } from '../api-controller.decorator.js';
import { filterOf } from '../deliveries/delivery-filter.request.js';
import { pageOf } from '../validation/page-fields.js';
import { Promises } from '../promises.service.js';
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
  @ApiOperation({
    summary: 'Replay every dead letter that matches',
    description:
      'A recorded process: it goes on after a restart, and replays each dead letter once.',
  })
  @ApiAcceptedResponse({ type: ReplayAcceptedResponse })
  replay(@Body() request: ReplayDeadLettersRequest): Promise<ReplayAcceptedResponse> {
    const { reason = null } = request;
    const filter = filterOf(request);
    return this.#commands.execute(
      new ReplayDeadLetters({ filter, requestedBy: REQUESTED_BY, reason }),
    );
  }
}
