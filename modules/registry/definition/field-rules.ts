import { parsePosition } from '../../event-store/index.js';
import { readSigningSecret } from '../secrets/signing-secret.js';
import type { SourceSelection, StartFrom } from '../webhook.events.js';
import { ClearSecret } from './clear-secret.js';
import { DEFINITION_LIMITS } from './definition-limits.js';
import { hasControlCharacter, isRecord, type Problems } from './problems.js';
import { checkReference, isReference } from './secret-reference.js';

/** Whether `value` can be the id of a webhook: it stands in stream names and URLs, so it holds nothing special to them. */
export function isWebhookId(value: unknown): value is string {
  return typeof value === 'string' && /^[A-Za-z0-9_-]{1,64}$/u.test(value);
}

export function checkWebhookId(value: unknown, problems: Problems): void {
  if (isWebhookId(value)) return;
  problems.add(
    'id',
    `the id is not 1 to ${DEFINITION_LIMITS.idLength} letters, digits, - or _`,
    'Choose an id of these characters; it never changes.',
  );
}

/** Checks which streams are listened to. */
export function checkSource(
  value: unknown,
  isReservedStream: (stream: string) => boolean,
  problems: Problems,
): SourceSelection | undefined {
  const kind = isRecord(value) ? value['kind'] : undefined;
  if (kind === 'all') return { kind };
  const name = isRecord(value) && (kind === 'stream' || kind === 'category') && value[kind];
  if (typeof name !== 'string' || !isName(name, DEFINITION_LIMITS.streamLength)) {
    problems.add(
      'source',
      'the source is not all streams, one stream or one category',
      "Give { kind: 'all' }, { kind: 'stream', stream } or { kind: 'category', category }.",
    );
    return;
  }
  if (isReservedStream(name)) {
    problems.add(
      'source',
      'the stream belongs to the event store or to Posthorn, and no webhook ever sees its events',
      'Name a stream of the application.',
    );
    return;
  }
  if (kind === 'stream') return { kind, stream: name };
  if (!name.includes('-')) return { kind: 'category', category: name };
  problems.add(
    'source',
    'a category holds no dash: it is the part of a stream name before the first one',
    "Drop what begins with the first '-'.",
  );
}

/** Checks a tenant: `null` is a valid answer. */
export function checkTenantId(value: unknown, problems: Problems): string | null | undefined {
  if (value === null) return null;
  if (typeof value === 'string' && isName(value, DEFINITION_LIMITS.tenantIdLength)) return value;
  problems.add(
    'tenantId',
    `the tenant is not 1 to ${DEFINITION_LIMITS.tenantIdLength} visible characters`,
    'Give the tenant as the events carry it, or none.',
  );
}

/** Checks explicit signing secrets, newest first. */
export function checkSigningSecrets(
  value: unknown,
  problems: Problems,
): readonly ClearSecret[] | undefined {
  const most = DEFINITION_LIMITS.signingSecrets;
  if (!Array.isArray(value) || value.length > most) {
    problems.add(
      'signingSecrets',
      `this is not a list of at most ${most} secrets`,
      'Give the newest secret first, then those that still have to be accepted.',
    );
    return;
  }
  const before = problems.found.length;
  const secrets = [...new Set<unknown>(value)];
  const checked = secrets.flatMap((secret, index) => {
    const field = `signingSecrets.${index}`;
    if (isReference(secret)) return checkReference(field, secret, problems) ?? [];
    if (typeof secret === 'string' && readSigningSecret(secret)) return new ClearSecret(secret);
    problems.add(
      field,
      'this is not whsec_ and the base64 text of 24 to 64 bytes, nor whsk_ and that of an ed25519 key',
      'Give a secret of that form (Standard Webhooks), or none and one is generated.',
    );
    return [];
  });
  return problems.found.length > before ? undefined : checked;
}

/** Checks where a new webhook starts to listen. */
export function checkStartFrom(
  value: unknown,
  now: number,
  problems: Problems,
): StartFrom | undefined {
  if (value === 'now' || value === 'beginning') return value;
  const position = isRecord(value) ? value['position'] : undefined;
  if (typeof position === 'string' && parsePosition(position)) return { position };
  const time = isRecord(value) ? value['time'] : undefined;
  if (typeof time !== 'string') {
    problems.add(
      'startFrom',
      'this is no place in the log',
      "Give 'now', 'beginning', { position: '<decimal>' } or { time: '<ISO 8601>' }.",
    );
    return;
  }
  const isIso = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d))?$/u.test(time);
  const at = isIso ? Date.parse(time) : NaN;
  if (Number.isNaN(at)) {
    problems.add(
      'startFrom.time',
      'this is not a time in ISO 8601 with its offset',
      'Write it as 2026-01-31T12:00:00Z.',
    );
    return;
  }
  if (at > now) {
    problems.add('startFrom.time', 'the time has not come yet', "Give a past time, or 'now'.");
    return;
  }
  return { time: new Date(at).toISOString() };
}

/** Checks a whole number from 1 to `max`. */
export function checkCount(
  field: string,
  value: unknown,
  max: number,
  problems: Problems,
): number | undefined {
  if (Number.isInteger(value) && (value as number) >= 1 && (value as number) <= max) {
    return value as number;
  }
  problems.add(
    field,
    `this is not a whole number from 1 to ${max}`,
    `Give a whole number from 1 to ${max}.`,
  );
}

export function checkFlag(field: string, value: unknown, problems: Problems): boolean | undefined {
  if (typeof value === 'boolean') return value;
  problems.add(field, 'this is neither true nor false', 'Give true or false.');
}

/** Checks a description: line breaks and tabs may stand in it. */
export function checkDescription(value: unknown, problems: Problems): string | null | undefined {
  if (value === null) return null;
  const longest = DEFINITION_LIMITS.descriptionLength;
  if (
    typeof value === 'string' &&
    value.length <= longest &&
    !hasControlCharacter(value.replaceAll(/[\t\r\n]/gu, ''))
  ) {
    return value;
  }
  problems.add(
    'description',
    `this is not text of at most ${longest} characters`,
    'Shorten the description.',
  );
}

function isName(text: string, longest: number): boolean {
  return text.length > 0 && text.length <= longest && !hasControlCharacter(text);
}
