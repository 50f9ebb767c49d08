import {
  type AppendExpectedRevision,
  type EventData,
  type Filter,
  InvalidArgumentError,
  type ReadPosition,
  type ReadRevision,
} from '@eventstore/db-client';
import type { ExpectedRevision, LogFilter, ProposedEvent } from '../embedded/event-log.js';
import { isUuid } from '../embedded/uuid-bytes.js';

const NOTHING = new Uint8Array(0);
const UINT64_MAX = 2n ** 64n - 1n;
const LARGEST_SAFE = BigInt(Number.MAX_SAFE_INTEGER);

/** @throws InvalidArgumentError if no event can be appended to `streamName`, or it has no name */
export function checkTarget(streamName: string): void {
  if (typeof streamName !== 'string' || streamName === '') {
    throw new InvalidArgumentError('The name of a stream must not be empty.');
  }
  if (streamName === '$all') {
    throw new InvalidArgumentError('$all is every stream at once: append to one of them.');
  }
}

/** The engine's form of an expected revision. @throws InvalidArgumentError if it is none */
export function toExpected(expected: AppendExpectedRevision): ExpectedRevision {
  if (expected === 'any' || expected === 'no_stream' || expected === 'stream_exists')
    return expected;
  return toSafe('expectedRevision', expected);
}

/** Where a read or subscription of a stream begins. @throws InvalidArgumentError if it is no revision */
export function toFromRevision(from: ReadRevision): number | 'start' | 'end' {
  return from === 'start' || from === 'end' ? from : toSafe('fromRevision', from);
}

/** Where a read or subscription of `$all` begins. @throws InvalidArgumentError if it is no position */
export function toFromPosition(from: ReadPosition): number | 'start' | 'end' {
  if (from === 'start' || from === 'end') return from;
  return toSafe('fromPosition', from.commit);
}

/** Beyond every revision and position that there can be is as good as the largest one. */
function toSafe(name: string, value: bigint): number {
  if (
    (typeof value !== 'bigint' && !Number.isSafeInteger(value)) ||
    value < 0 ||
    value > UINT64_MAX
  ) {
    throw new InvalidArgumentError(
      `${name} value must be a non-negative integer, range from 0 to ${UINT64_MAX.toString()}. ` +
        `Value Received: ${String(value)}`,
    );
  }
  return value > LARGEST_SAFE ? Number.MAX_SAFE_INTEGER : Number(value);
}

/** The engine's form of a filter. Like on a server, one with neither regex nor prefixes matches nothing. */
export function toLogFilter(filter: Filter): LogFilter {
  const on = filter.filterOn === 'eventType' ? 'type' : 'stream';
  if ('regex' in filter && filter.regex !== '') return { on, regex: filter.regex };
  return { on, prefixes: 'prefixes' in filter ? filter.prefixes : [] };
}

/**
 * The engine's form of an event: its bytes are its own, so that what the caller does to the event afterwards changes
 * nothing. @throws InvalidArgumentError if the event has no type, no proper id, or data that cannot be written
 */
export function toProposed(event: EventData): ProposedEvent {
  if (typeof event.type !== 'string' || event.type === '') {
    throw new InvalidArgumentError('The type of an event must not be empty.');
  }
  const id = typeof event.id === 'string' ? event.id.toLowerCase() : '';
  if (!isUuid(id)) {
    throw new InvalidArgumentError(
      `The id of an event must be a UUID. Value Received: ${event.id}`,
    );
  }
  const isJson = event.contentType === 'application/json';
  const data = isJson ? toJson('data', event.data) : toBytes(event.data);
  const metadata = toMetadata(event.metadata);
  return { id, type: event.type, isJson, isCanonical: isJson, data, metadata };
}

function toMetadata(metadata: unknown): Uint8Array {
  if (metadata === undefined || metadata === null || metadata === '') return NOTHING;
  return metadata instanceof Uint8Array ? new Uint8Array(metadata) : toJson('metadata', metadata);
}

function toBytes(data: unknown): Uint8Array {
  if (data instanceof Uint8Array) return new Uint8Array(data);
  throw new InvalidArgumentError('The data of a binary event must be a Uint8Array.');
}

/** As it is: a function or `undefined` has no JSON. */
const stringify: (value: unknown) => string | undefined = JSON.stringify;

function toJson(name: string, value: unknown): Uint8Array {
  let json: string | undefined;
  try {
    json = stringify(value);
  } catch (error) {
    throw new InvalidArgumentError(
      `The ${name} of an event cannot be written as JSON: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  if (json !== undefined) return Buffer.from(json);
  throw new InvalidArgumentError(`The ${name} of an event cannot be written as JSON.`);
}
