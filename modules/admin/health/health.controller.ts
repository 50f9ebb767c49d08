import { Get, Inject, Res } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import {
  ApiOkResponse,
  ApiOperation,
  ApiProperty,
  ApiServiceUnavailableResponse,
} from '@nestjs/swagger';
import { OpenApiController } from '../api-controller.decorator.js';
import { type Readiness, READINESS, type ReadinessCheck } from './readiness.port.js';

class LivenessResponse {
  @ApiProperty({ enum: ['live'] })
  readonly status!: 'live';
}

class ReadinessCheckResponse {
  @ApiProperty()
  readonly name!: string;

  @ApiProperty()
  readonly isReady!: boolean;

  @ApiProperty({ type: 'object', additionalProperties: true })
  readonly details!: ReadinessCheck['details'];
}

class ReadinessResponse {
  @ApiProperty({ enum: ['ready', 'not-ready'] })
  readonly status!: 'ready' | 'not-ready';

  @ApiProperty({ type: [ReadinessCheckResponse] })
  readonly checks!: readonly ReadinessCheck[];
}

/** Health of this process, for whoever starts, stops and routes to it. Needs no token. */
@OpenApiController('health', 'Health')
export class HealthController {
  readonly #readiness: Readiness;
  readonly #adapterHost: HttpAdapterHost;

  constructor(@Inject(READINESS) readiness: Readiness, adapterHost: HttpAdapterHost) {
    this.#readiness = readiness;
    this.#adapterHost = adapterHost;
  }

  @Get('live')
  @ApiOperation({ summary: 'Whether the process runs' })
  @ApiOkResponse({ type: LivenessResponse })
  live(): LivenessResponse {
    return { status: 'live' };
  }

  @Get('ready')
  @ApiOperation({
    summary: 'Whether it is registered, subscribed, and its read models have caught up',
  })
  @ApiOkResponse({ type: ReadinessResponse })
  @ApiServiceUnavailableResponse({ type: ReadinessResponse })
  ready(@Res({ passthrough: true }) response: unknown): ReadinessResponse {
    const checks = this.#readiness.check();
    const isReady = checks.every((check) => check.isReady);
    this.#adapterHost.httpAdapter.status(response, isReady ? 200 : 503);
    return { status: isReady ? 'ready' : 'not-ready', checks };
  }
}
