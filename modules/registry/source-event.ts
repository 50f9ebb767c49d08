import type { RecordedEvent } from '@eventstore/db-client';

/**
 * An event as the functions and expressions of a webhook see it. What it holds is frozen: several webhooks look at one
 * event, and none may change it for the others.
 */
export interface SourceEvent {
  readonly id: string;
  readonly type: string;
  /** Source stream. */
  readonly stream: string;
  /** Revision in its stream, decimal. */
  readonly revision: string;
  /** `null`: an event without a tenant. */
  readonly tenantId: string | null;
  /** When it was recorded, ISO 8601 in UTC. */
  readonly timestamp: string;
  /** JSON, or bytes where the event was not recorded as JSON. */
  readonly data: unknown;
  readonly metadata: unknown;
}

/** What of a recorded event is looked at. */
export type ObservedEvent = Pick<
  RecordedEvent,
  'created' | 'data' | 'id' | 'metadata' | 'revision' | 'streamId' | 'type'
>;

/** The event as functions see it. Its data is read, and frozen, when somebody asks for it. */
export function sourceEventOf(event: ObservedEvent, tenantId: string | null): SourceEvent {
  return {
    id: event.id,
    type: event.type,
    stream: event.streamId,
    revision: event.revision.toString(),
    tenantId,
    timestamp: event.created.toISOString(),
    get data() {
      return frozen(event.data);
    },
    get metadata() {
      return frozen(event.metadata);
    },
  };
}

/** Freezes JSON with everything in it. Not by recursion: data may be nested deeper than the stack is. */
function frozen(value: unknown): unknown {
  const pending = [value];
  for (let next = pending.pop(); pending.length > 0 || next !== undefined; next = pending.pop()) {
    if (typeof next !== 'object' || next === null || ArrayBuffer.isView(next)) continue;
    if (Object.isFrozen(next)) continue;
    Object.freeze(next);
    pending.push(...(Object.values(next) as unknown[]));
  }
  return value;
}
