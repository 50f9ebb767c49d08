import { randomUUID } from 'node:crypto';
import {
  type AppendExpectedRevision,
  ErrorType,
  type JSONEventData,
  type JSONType,
} from '@eventstore/db-client';
import { type Clock, pause } from '../kernel/index.js';
import { clientErrorType } from './client-error.js';
import type { EventStoreClient } from './event-store-client.js';
import { OWN_EVENT_METADATA } from './stream-names.js';

/** What became of an append whose outcome is known. */
export type CertainAppendOutcome =
  | { readonly kind: 'appended'; readonly revision: bigint; readonly position: bigint }
  /** The expected revision was wrong: read the stream and decide again. */
  | { readonly kind: 'conflict' }
  /** The stream is tombstoned: what it told was purged. */
  | { readonly kind: 'purged' };

export interface CertainAppendOptions {
  readonly client: Pick<EventStoreClient, 'appendToStream'>;
  readonly clock: Clock;
  readonly expectedRevision: AppendExpectedRevision;
  /** Gives up when aborted; the outcome is then unknown, and the last error is thrown. */
  readonly signal?: AbortSignal;
  /** Told of each try whose outcome is unknown, before the next. */
  readonly onUnknown?: (error: Error, tries: number) => void;
}

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 5_000;

/** After these the same append may be in the log or not. */
const UNKNOWN_OUTCOMES: ReadonlySet<ErrorType> = new Set([
  ErrorType.TIMEOUT,
  ErrorType.DEADLINE_EXCEEDED,
  ErrorType.UNAVAILABLE,
  ErrorType.CANCELLED,
  ErrorType.NOT_LEADER,
  ErrorType.UNKNOWN,
]);

/** Events of one decision of Posthorn, with ids that are drawn once: a retried append has to carry the same. */
export function newEvents(
  events: readonly { readonly type: string; readonly data: object }[],
): JSONEventData[] {
  return events.map((event) => ({
    id: randomUUID(),
    contentType: 'application/json',
    type: event.type,
    data: event.data as JSONType,
    metadata: OWN_EVENT_METADATA,
  }));
}

/**
 * Appends `events` and does not rest until the outcome is known: an append whose outcome is unknown is tried again with
 * the same event ids, which EventStoreDB answers with the first outcome.
 *
 * @throws whatever the store refuses for good (too large, access denied, ...), and the last error once `signal` aborts
 */
export async function appendCertainly(
  stream: string,
  events: readonly JSONEventData[],
  options: CertainAppendOptions,
): Promise<CertainAppendOutcome> {
  for (let tries = 1; ; tries++) {
    try {
      const result = await options.client.appendToStream(stream, [...events], {
        expectedRevision: options.expectedRevision,
      });
      return {
        kind: 'appended',
        revision: result.nextExpectedRevision,
        position: result.position?.commit ?? 0n,
      };
    } catch (error) {
      const decisive = decisiveOutcome(error);
      if (decisive) return decisive;
      if (options.signal?.aborted || !isOutcomeUnknown(error)) throw error;
      options.onUnknown?.(error, tries);
      const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** (tries - 1), LONGEST_PAUSE_MS);
      await pause(options.clock, pauseMs, options.signal);
    }
  }
}

function decisiveOutcome(error: unknown): CertainAppendOutcome | undefined {
  const type = clientErrorType(error);
  if (type === ErrorType.WRONG_EXPECTED_VERSION) return { kind: 'conflict' };
  if (type === ErrorType.STREAM_DELETED) return { kind: 'purged' };
  return undefined;
}

/**
 * What the official client throws as it is while a server cannot be reached: gRPC's own error, which it turns into one of
 * its kinds everywhere but where it asks for the server's features. CANCELLED, UNKNOWN, DEADLINE_EXCEEDED, UNAVAILABLE.
 */
const UNKNOWN_GRPC_CODES: ReadonlySet<unknown> = new Set([1, 2, 4, 14]);

/** Whether an operation that failed with `error` may have happened all the same, and may be tried again. */
export function isOutcomeUnknown(error: unknown): error is Error {
  if (!(error instanceof Error)) return false;
  const type = clientErrorType(error);
  if (type !== undefined) return UNKNOWN_OUTCOMES.has(type);
  return 'code' in error && UNKNOWN_GRPC_CODES.has(error.code);
}
