import { HttpCode, HttpStatus, Param, Post } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiOkResponse, ApiOperation, ApiProperty } from '@nestjs/swagger';
import { TestWebhook } from '../../delivery/index.js';
import { ApiController } from '../api-controller.decorator.js';
import { RequestOutcomeResponse } from '../deliveries/delivery.response.js';

class TestCallResponse extends RequestOutcomeResponse {
  @ApiProperty({ description: 'Whether the endpoint answered 2xx.' })
  readonly isSuccess!: boolean;

  @ApiProperty({ description: 'The `webhook-id` that was sent.' })
  readonly messageId!: string;
}

/** Test calls: on the path of every delivery, but recorded nowhere. */
@ApiController('webhooks', 'Webhooks')
export class WebhookTestController {
  readonly #commands: CommandBus;

  constructor(commands: CommandBus) {
    this.#commands = commands;
  }

  /** @throws PosthornError `PSH_REGISTRY_NOT_FOUND` */
  @Post(':id/test')
  @HttpCode(HttpStatus.OK)
  @ApiOperation({
    summary: 'Send a signed sample and tell what it met',
    description:
      'With the real authorisation, by the real rules. Answers 200 whatever the endpoint did.',
  })
  @ApiOkResponse({ type: TestCallResponse })
  test(@Param('id') id: string): Promise<TestCallResponse> {
    return this.#commands.execute(new TestWebhook(id));
  }
}
