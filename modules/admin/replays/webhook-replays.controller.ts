import { Body, HttpCode, HttpStatus, Param, Post, UseInterceptors } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiAcceptedResponse, ApiOperation } from '@nestjs/swagger';
import { StartReplay } from '../../replay/index.js';
import { ApiController } from '../api-controller.decorator.js';
import { Promises } from '../promises.service.js';
import { REQUESTED_BY } from '../requested-by.js';
import { ReplayLocationInterceptor } from './replay-location.interceptor.js';
import { StartReplayBody } from './replay.request.js';
import { ReplayResponse } from './replay.response.js';

/** Replays of history to one webhook. */
@ApiController('webhooks', 'Replays')
export class WebhookReplaysController {
  readonly #commands: CommandBus;
  readonly #promises: Promises;

  constructor(commands: CommandBus, promises: Promises) {
    this.#commands = commands;
    this.#promises = promises;
  }

  /**
   * @throws PosthornError `PSH_REPLAY_INVALID`, `PSH_REPLAY_NOT_REPLAYABLE`, `PSH_REPLAY_ID_TAKEN`,
   *   `PSH_REGISTRY_NOT_FOUND`
   */
  @Post(':id/replays')
  @HttpCode(HttpStatus.ACCEPTED)
  @UseInterceptors(ReplayLocationInterceptor)
  @ApiOperation({
    summary: 'Replay history to a webhook',
    description:
      'Events of the log, also of before the webhook was there: a recorded process, shown at its `Location`.',
  })
  @ApiAcceptedResponse({ type: ReplayResponse })
  async start(
    @Param('id') webhookId: string,
    @Body() { id: replayId, ...request }: StartReplayBody,
  ): Promise<ReplayResponse> {
    const asked = { ...request, webhookId, replayId, requestedBy: REQUESTED_BY };
    const { position, replay } = await this.#commands.execute(new StartReplay(asked));
    this.#promises.promise(position);
    return replay;
  }
}
