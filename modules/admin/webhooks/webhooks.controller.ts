import {
  Body,
  Delete,
  Get,
  Headers,
  HttpCode,
  HttpStatus,
  Param,
  Patch,
  Post,
  Query,
  UseInterceptors,
} from '@nestjs/common';
import {
  ApiBody,
  ApiCreatedResponse,
  ApiHeader,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
} from '@nestjs/swagger';
import { WebhooksService, type WebhookInput } from '../../registry/index.js';
import { ApiController } from '../api-controller.decorator.js';
import { REQUESTED_BY } from '../requested-by.js';
import { invalidInput, isRecord } from '../validation/request.pipe.js';
import { EntityTagInterceptor, expectedRevisionOf } from './entity-tag.js';
import { ListWebhooksRequest, pageOf } from './list-webhooks.request.js';
import { ReasonRequest } from '../reason.request.js';
import { ChangeWebhookRequest, RegisterWebhookRequest } from './webhook.request.js';
import {
  RegisteredWebhookResponse,
  toWebhookResponse,
  WebhookPageResponse,
  WebhookResponse,
} from './webhook.response.js';

const IF_MATCH = { name: 'If-Match', required: false, description: 'The `ETag` to be changed.' };

/** Webhooks: registered, shown, changed, held, removed. */
@ApiController('webhooks', 'Webhooks')
export class WebhooksController {
  readonly #webhooks: WebhooksService;

  constructor(webhooks: WebhooksService) {
    this.#webhooks = webhooks;
  }

  /** @throws PosthornError `PSH_REGISTRY_INVALID_DEFINITION`, `PSH_REGISTRY_ALREADY_REGISTERED` */
  @Post()
  @HttpCode(HttpStatus.CREATED)
  @UseInterceptors(EntityTagInterceptor)
  @ApiOperation({ summary: 'Register a webhook' })
  @ApiBody({ type: RegisterWebhookRequest })
  @ApiCreatedResponse({ type: RegisteredWebhookResponse })
  async register(@Body() body: unknown): Promise<RegisteredWebhookResponse> {
    const { id, ...definition } = recordOf(body);
    // The registry checks every field of what it is given, whatever it is.
    const { webhook } = await this.#webhooks.define(
      id as string,
      definition as unknown as WebhookInput,
      { by: REQUESTED_BY, mustBeNew: true },
    );
    const keys = await this.#webhooks.verificationKeys(webhook.id);
    return Object.assign(toWebhookResponse(webhook), keys);
  }

  @Get()
  @ApiOperation({ summary: 'List webhooks' })
  @ApiOkResponse({ type: WebhookPageResponse })
  async list(@Query() request: ListWebhooksRequest): Promise<WebhookPageResponse> {
    return pageOf(await this.#webhooks.all(), request);
  }

  @Get(':id')
  @UseInterceptors(EntityTagInterceptor)
  @ApiOperation({ summary: 'Show a webhook' })
  @ApiOkResponse({ type: WebhookResponse })
  async get(@Param('id') id: string): Promise<WebhookResponse> {
    return toWebhookResponse(await this.#webhooks.get(id));
  }

  /** @throws PosthornError `PSH_REGISTRY_REVISION_MISMATCH` when somebody else changed it first */
  @Patch(':id')
  @UseInterceptors(EntityTagInterceptor)
  @ApiOperation({ summary: 'Change a webhook', description: 'Fields that are absent stay.' })
  @ApiHeader(IF_MATCH)
  @ApiBody({ type: ChangeWebhookRequest })
  @ApiOkResponse({ type: WebhookResponse })
  async change(
    @Param('id') id: string,
    @Body() body: unknown,
    @Headers('If-Match') ifMatch?: string,
  ): Promise<WebhookResponse> {
    const patch = recordOf(body);
    const { webhook } = await this.#webhooks.change(id, patch, commandOptions({}, ifMatch));
    return toWebhookResponse(webhook);
  }

  @Delete(':id')
  @HttpCode(HttpStatus.NO_CONTENT)
  @ApiOperation({ summary: 'Remove a webhook', description: 'Its history stays.' })
  @ApiHeader(IF_MATCH)
  @ApiNoContentResponse()
  async remove(@Param('id') id: string, @Headers('If-Match') ifMatch?: string): Promise<void> {
    await this.#webhooks.remove(id, commandOptions({}, ifMatch));
  }

  @Post(':id/pause')
  @HttpCode(HttpStatus.OK)
  @UseInterceptors(EntityTagInterceptor)
  @ApiOperation({ summary: 'Hold the deliveries of a webhook without losing any' })
  @ApiOkResponse({ type: WebhookResponse })
  async pause(@Param('id') id: string, @Body() request: ReasonRequest): Promise<WebhookResponse> {
    const { webhook } = await this.#webhooks.pause(id, commandOptions(request));
    return toWebhookResponse(webhook);
  }

  @Post(':id/resume')
  @HttpCode(HttpStatus.OK)
  @UseInterceptors(EntityTagInterceptor)
  @ApiOperation({ summary: 'Let a paused webhook go on, or enable a disabled one' })
  @ApiOkResponse({ type: WebhookResponse })
  async resume(@Param('id') id: string, @Body() request: ReasonRequest): Promise<WebhookResponse> {
    const { webhook } = await this.#webhooks.resume(id, commandOptions(request));
    return toWebhookResponse(webhook);
  }
}

function commandOptions({ reason }: Pick<ReasonRequest, 'reason'>, ifMatch?: string) {
  const expectedRevision = expectedRevisionOf(ifMatch);
  return {
    by: REQUESTED_BY,
    ...(reason !== undefined && { reason }),
    ...(expectedRevision !== undefined && { expectedRevision }),
  };
}

function recordOf(body: unknown): Record<string, unknown> {
  if (isRecord(body)) return body;
  throw invalidInput([
    { field: '', message: 'must be a JSON object', fix: 'Send one JSON object.' },
  ]);
}
