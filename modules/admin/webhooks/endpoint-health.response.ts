import { ApiProperty } from '@nestjs/swagger';
import type { LaneStatus } from '../../delivery/index.js';
import type { EndpointFigures } from '../../../projections/index.js';

const TIME_OR_NULL = { type: 'string', format: 'date-time', nullable: true } as const;
const NUMBER_OR_NULL = { type: 'number', nullable: true } as const;

class LatencyResponse {
  @ApiProperty(NUMBER_OR_NULL)
  readonly p50!: number | null;

  @ApiProperty(NUMBER_OR_NULL)
  readonly p95!: number | null;

  @ApiProperty(NUMBER_OR_NULL)
  readonly p99!: number | null;
}

class EndpointFiguresResponse {
  @ApiProperty()
  readonly attempts!: number;

  @ApiProperty()
  readonly successes!: number;

  @ApiProperty()
  readonly failures!: number;

  @ApiProperty({ ...NUMBER_OR_NULL, description: '0 to 1.' })
  readonly successRate!: number | null;

  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'number' },
    description: 'Attempts by class of the response; `none`: without one.',
    example: { '2xx': 40, '3xx': 0, '4xx': 0, '5xx': 2, none: 1 },
  })
  readonly byStatusClass!: EndpointFigures['byStatusClass'];

  @ApiProperty({ type: LatencyResponse, description: 'Milliseconds, off by at most 9 %.' })
  readonly latencyMs!: LatencyResponse;
}

class EndpointHourResponse extends EndpointFiguresResponse {
  @ApiProperty({ type: 'string', format: 'date-time', description: 'Start of the hour.' })
  readonly hour!: string;
}

class LaneResponse implements LaneStatus {
  @ApiProperty({ description: 'Requests under way.' })
  readonly active!: number;

  @ApiProperty({ description: 'Deliveries that wait for a place.' })
  readonly waiting!: number;

  @ApiProperty({ description: 'Requests that may be under way now.' })
  readonly concurrency!: number;

  @ApiProperty({ enum: ['closed', 'open', 'half-open'], description: 'Of the circuit breaker.' })
  readonly breaker!: LaneStatus['breaker'];

  @ApiProperty({
    enum: ['retry-after', 'breaker', 'postponed', 'overloaded', 'rate-limit'],
    type: 'string',
    nullable: true,
  })
  readonly slowedBy!: LaneStatus['slowedBy'];

  @ApiProperty({ ...TIME_OR_NULL, description: 'When the next request may start; `null`: now.' })
  readonly opensAt!: string | null;
}

/** How the endpoint of a webhook fares. */
export class EndpointHealthResponse {
  @ApiProperty()
  readonly webhookId!: string;

  @ApiProperty(TIME_OR_NULL)
  readonly lastSuccessAt!: string | null;

  @ApiProperty(TIME_OR_NULL)
  readonly lastFailureAt!: string | null;

  @ApiProperty({ description: 'Failed attempts since the last success.' })
  readonly consecutiveFailures!: number;

  @ApiProperty({
    ...TIME_OR_NULL,
    description: 'Since when every attempt has failed; `null`: the last one did not.',
  })
  readonly failingSince!: string | null;

  @ApiProperty({
    minimum: 0,
    maximum: 4,
    description: 'What was said of that: 1 to 3 are warnings, at 4 the webhook is disabled.',
  })
  readonly warningStage!: number;

  @ApiProperty({ type: LaneResponse, description: 'How fast this instance goes, and why.' })
  readonly lane!: LaneResponse;

  @ApiProperty({ type: EndpointFiguresResponse, description: 'All hours together.' })
  readonly total!: EndpointFiguresResponse;

  @ApiProperty({ type: [EndpointHourResponse], description: 'Oldest first.' })
  readonly hours!: readonly EndpointHourResponse[];
}
