/** An observed event, and what is known of it where it is delivered. */
export interface EnvelopeInput {
  readonly eventId: string;
  readonly eventType: string;
  /** Source stream of the event. */
  readonly stream: string;
  /** Revision of the event in its stream, decimal. */
  readonly revision: string;
  readonly tenantId: string | null;
  /** When the event was recorded, ISO 8601 in UTC. */
  readonly occurredAt: string;
  /** The event's data as the event store's client gives it: JSON, or bytes. Not looked at where there is `dataJson`. */
  readonly data?: unknown;
  /** The event's data as the JSON text, in UTF-8, that `JSON.stringify` makes of it: where that is known already. */
  readonly dataJson?: Uint8Array | undefined;
  /** The event's metadata as the event store's client gives it. */
  readonly metadata?: unknown;
  /** Marks what is sent as a replay. @default false */
  readonly isReplay?: boolean;
}

/** What the metadata of an event says that receivers are told; `undefined` where it says nothing. */
export interface EventNotes {
  /** What belongs together: `$correlationId` or `correlationId`. */
  readonly correlationId: string | undefined;
  /** What led to it: `$causationId` or `causationId`. */
  readonly causationId: string | undefined;
  /** Version of the event's type: `schemaVersion` or `version`, a text or a whole number. */
  readonly version: string | undefined;
}

const LONGEST_VERSION = 64;

/** Reads the notes, each under its name or, as EventStoreDB writes its own, behind a `$`. */
export function notesOf(metadata: unknown): EventNotes {
  if (metadata === null || typeof metadata !== 'object') {
    return { correlationId: undefined, causationId: undefined, version: undefined };
  }
  const values = metadata as Readonly<Record<string, unknown>>;
  return {
    correlationId: textOf(values['$correlationId'] ?? values['correlationId']),
    causationId: textOf(values['$causationId'] ?? values['causationId']),
    version: versionOf(
      values['$schemaVersion'] ??
        values['schemaVersion'] ??
        values['$version'] ??
        values['version'],
    ),
  };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function versionOf(value: unknown): string | undefined {
  if (Number.isSafeInteger(value)) return String(value);
  const text = textOf(value);
  return text !== undefined && text.length > 0 && text.length <= LONGEST_VERSION ? text : undefined;
}
