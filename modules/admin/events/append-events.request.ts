import { ArrayMaxSize, ArrayMinSize, IsArray, IsObject, IsUUID, Matches } from 'class-validator';
import { IsGiven, IsName, Satisfies } from '../validation/constraints.js';
import { Field } from '../validation/field.decorator.js';

const EXPECTED_REVISION_WORDS = ['any', 'no_stream', 'stream_exists'];

/** One event to append. */
export class EventRequest {
  @Field(
    {
      rule: 'a UUID',
      isOptional: true,
      description:
        'Makes the append repeatable: an event is stored once per id. Default: a new one.',
      example: '3b0c7a52-6c1f-4a6e-9d0e-1f5a0a3c9b11',
    },
    IsUUID('loose'),
  )
  readonly id?: string;

  @Field(
    {
      rule: 'a name of 1 to 256 characters without control characters, not beginning with `$`',
      example: 'OrderPlaced',
    },
    IsName(256),
    Matches(/^[^$]/),
  )
  readonly type!: string;

  @Field(
    {
      rule: 'a JSON value',
      description: 'The event itself: any JSON value.',
      oneOf: ['object', 'array', 'string', 'number', 'boolean'].map((type) => ({
        type,
        ...(type === 'array' && { items: {} }),
        nullable: true,
      })),
      example: { orderId: 'A-17', total: 99.5 },
    },
    IsGiven(),
  )
  readonly data!: unknown;

  @Field(
    {
      rule: 'a JSON object',
      isOptional: true,
      description:
        'Facts about the event, such as `tenantId`, `$correlationId` and `$causationId`.',
      type: 'object',
      additionalProperties: true,
      example: { tenantId: 'acme' },
    },
    IsObject(),
  )
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** Body of `POST /events`. */
export class AppendEventsRequest {
  @Field(
    {
      rule: 'a name of 1 to 512 characters without control characters',
      description: 'Stream to append to. Names that begin with `$` or `posthorn.` are refused.',
      example: 'order-A-17',
    },
    IsName(512),
  )
  readonly stream!: string;

  @Field(
    {
      rule: '`any`, `no_stream`, `stream_exists` or the revision of the last event (a whole number, 0 or more)',
      isOptional: true,
      description: 'What the stream must be like for the append to happen. Default: `any`.',
      oneOf: [
        { type: 'string', enum: EXPECTED_REVISION_WORDS },
        { type: 'integer', minimum: 0 },
        { type: 'string', pattern: '^\\d+$' },
      ],
      example: 'no_stream',
    },
    Satisfies('isExpectedRevision', isExpectedRevision),
  )
  readonly expectedRevision?: string | number;

  @Field(
    {
      rule: 'a list of 1 to 1000 events',
      description: 'Appended as one unit: all or none.',
      nested: () => EventRequest,
      isArray: true,
    },
    IsArray(),
    ArrayMinSize(1),
    ArrayMaxSize(1_000),
  )
  readonly events!: readonly EventRequest[];
}

function isExpectedRevision(value: unknown): boolean {
  if (typeof value === 'number') return Number.isSafeInteger(value) && value >= 0;
  if (typeof value !== 'string') return false;
  if (/^\d{1,19}$/.test(value)) return BigInt(value) < 2n ** 63n;
  return EXPECTED_REVISION_WORDS.includes(value);
}
