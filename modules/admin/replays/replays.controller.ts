import { Body, Get, HttpCode, HttpStatus, Param, Patch, Post, Query } from '@nestjs/common';
import { type Command, CommandBus, QueryBus } from '@nestjs/cqrs';
import { ApiOkResponse, ApiOperation } from '@nestjs/swagger';
import {
  CancelReplay,
  ChangeReplayRate,
  GetReplay,
  GetReplays,
  PauseReplay,
  type ReplayCommandResult,
  ResumeReplay,
} from '../../replay/index.js';
import { ApiController } from '../api-controller.decorator.js';
import { Promises } from '../promises.service.js';
import { ReasonRequest } from '../reason.request.js';
import { REQUESTED_BY } from '../requested-by.js';
import { pageOf } from '../validation/page-fields.js';
import { ChangeReplayBody, ListReplaysRequest } from './replay.request.js';
import { ReplayPageResponse, ReplayResponse } from './replay.response.js';

/** Replays: how far they are, and what can be asked of one. */
@ApiController('replays', 'Replays')
export class ReplaysController {
  readonly #queries: QueryBus;
  readonly #commands: CommandBus;
  readonly #promises: Promises;

  constructor(queries: QueryBus, commands: CommandBus, promises: Promises) {
    this.#queries = queries;
    this.#commands = commands;
    this.#promises = promises;
  }

  @Get()
  @ApiOperation({ summary: 'List replays', description: 'Newest first.' })
  @ApiOkResponse({ type: ReplayPageResponse })
  list(@Query() request: ListReplaysRequest): Promise<ReplayPageResponse> {
    const { status, webhookId } = request;
    return this.#queries.execute(
      new GetReplays({ status, webhookId, ...pageOf(request), ...this.#promises.freshness }),
    );
  }

  /** @throws PosthornError `PSH_REPLAY_NOT_FOUND` */
  @Get(':id')
  @ApiOperation({ summary: 'Show a replay with its progress' })
  @ApiOkResponse({ type: ReplayResponse })
  get(@Param('id') id: string): Promise<ReplayResponse> {
    return this.#queries.execute(new GetReplay(id));
  }

  /** @throws PosthornError `PSH_REPLAY_NOT_FOUND`, `PSH_REPLAY_ENDED` */
  @Patch(':id')
  @ApiOperation({ summary: 'Change how fast a replay may go' })
  @ApiOkResponse({ type: ReplayResponse })
  change(@Param('id') id: string, @Body() body: ChangeReplayBody): Promise<ReplayResponse> {
    return this.#execute(new ChangeReplayRate(id, body.perSecond, optionsOf(body)));
  }

  /** @throws PosthornError `PSH_REPLAY_NOT_FOUND`, `PSH_REPLAY_ENDED` */
  @Post(':id/pause')
  @HttpCode(HttpStatus.OK)
  @ApiOperation({ summary: 'Hold a replay where it is' })
  @ApiOkResponse({ type: ReplayResponse })
  pause(@Param('id') id: string, @Body() body: ReasonRequest): Promise<ReplayResponse> {
    return this.#execute(new PauseReplay(id, optionsOf(body)));
  }

  /** @throws PosthornError `PSH_REPLAY_NOT_FOUND`, `PSH_REPLAY_ENDED` */
  @Post(':id/resume')
  @HttpCode(HttpStatus.OK)
  @ApiOperation({ summary: 'Let a replay go on that was paused, or that failed' })
  @ApiOkResponse({ type: ReplayResponse })
  resume(@Param('id') id: string, @Body() body: ReasonRequest): Promise<ReplayResponse> {
    return this.#execute(new ResumeReplay(id, optionsOf(body)));
  }

  /** @throws PosthornError `PSH_REPLAY_NOT_FOUND`, `PSH_REPLAY_ENDED` when it was completed */
  @Post(':id/cancel')
  @HttpCode(HttpStatus.OK)
  @ApiOperation({
    summary: 'End a replay for good',
    description: 'Deliveries that it recorded are delivered all the same.',
  })
  @ApiOkResponse({ type: ReplayResponse })
  cancel(@Param('id') id: string, @Body() body: ReasonRequest): Promise<ReplayResponse> {
    return this.#execute(new CancelReplay(id, optionsOf(body)));
  }

  async #execute(command: Command<ReplayCommandResult>): Promise<ReplayResponse> {
    const { position, replay } = await this.#commands.execute(command);
    this.#promises.promise(position);
    return replay;
  }
}

function optionsOf({ reason }: ReasonRequest) {
  return { by: REQUESTED_BY, reason };
}
