import {
  ANY,
  type AppendExpectedRevision,
  jsonEvent,
  NO_STREAM,
  STREAM_EXISTS,
} from '@eventstore/db-client';
import { Body, HttpCode, HttpStatus, Inject, Post } from '@nestjs/common';
import { ApiCreatedResponse, ApiOperation, ApiProperty } from '@nestjs/swagger';
import {
  EVENT_STORE_CLIENT,
  type EventStoreClient,
  formatPosition,
  STREAM_NAMES,
  type StreamNames,
} from '../../event-store/index.js';
import { PosthornError } from '../../kernel/index.js';
import { ApiController } from '../api-controller.decorator.js';
import { AppendEventsRequest, type EventRequest } from './append-events.request.js';

class AppendEventsResponse {
  @ApiProperty({ example: '4', description: 'Revision of the last event in its stream.' })
  readonly revision!: string;

  @ApiProperty({
    type: 'string',
    nullable: true,
    example: '1207',
    description:
      'Position of the last event in the log; `null` when the append was a repeat whose position is no longer known.',
  })
  readonly position!: string | null;
}

/** Appends domain events: the way in for applications that do not hold an event store client. */
@ApiController('events', 'Events')
export class EventsController {
  readonly #client: EventStoreClient;
  readonly #names: StreamNames;

  constructor(
    @Inject(EVENT_STORE_CLIENT) client: EventStoreClient,
    @Inject(STREAM_NAMES) names: StreamNames,
  ) {
    this.#client = client;
    this.#names = names;
  }

  /**
   * Appends events as one unit. Repeating a request with the same event ids stores nothing twice.
   *
   * @throws PosthornError `PSH_API_RESERVED_STREAM`; `WrongExpectedVersionError` becomes
   * `PSH_API_WRONG_EXPECTED_REVISION`
   */
  @Post()
  @HttpCode(HttpStatus.CREATED)
  @ApiOperation({ summary: 'Append events to a stream' })
  @ApiCreatedResponse({ type: AppendEventsResponse })
  async append(@Body() request: AppendEventsRequest): Promise<AppendEventsResponse> {
    const { stream, events, expectedRevision = 'any' } = request;
    if (this.#names.isReserved(stream)) throw reserved(this.#names.prefix);
    const { nextExpectedRevision, position } = await this.#client.appendToStream(
      stream,
      events.map(toEventData),
      { expectedRevision: toExpectedRevision(expectedRevision) },
    );
    return {
      revision: nextExpectedRevision.toString(),
      position: position ? formatPosition(position) : null,
    };
  }
}

function toEventData({ id, type, data, metadata }: EventRequest) {
  return jsonEvent({
    type,
    // The request pipe let only JSON values pass.
    data: data as never,
    ...(id !== undefined && { id: id.toLowerCase() }),
    ...(metadata && { metadata: metadata as Record<string, never> }),
  });
}

function toExpectedRevision(expected: string | number): AppendExpectedRevision {
  if (expected === 'any') return ANY;
  if (expected === 'no_stream') return NO_STREAM;
  if (expected === 'stream_exists') return STREAM_EXISTS;
  return BigInt(expected);
}

function reserved(prefix: string): PosthornError {
  return new PosthornError('PSH_API_RESERVED_STREAM', undefined, {
    problems: [
      {
        field: 'stream',
        message: `must not begin with \`$\` or \`${prefix}\``,
        fix: 'Append to a stream of your own.',
      },
    ],
  });
}
