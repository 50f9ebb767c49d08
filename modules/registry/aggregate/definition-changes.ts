import type { FieldProblem } from '../../kernel/index.js';
import { mapAuth, secretsOfAuth } from '../definition/auth-mapping.js';
import { DEFINITION_LIMITS } from '../definition/definition-limits.js';
import type { RecordPatch } from '../definition/definition-record.js';
import { recordedOrdering } from '../definition/ordering-rules.js';
import { recordedParts } from '../definition/envelope-rules.js';
import { DEFAULT_SIGNING, recordedSigning } from '../definition/signing-policy.js';
import { mapTls, NO_TLS, recordedTls } from '../definition/tls-mapping.js';
import type { StoredSecret, WebhookDefinitionRecord } from '../webhook.events.js';

/** The definition after a change: headers, signing and TLS are merged, everything else replaces what was. */
export function patched(
  {
    ordering: orderedBefore,
    rateLimit: limitBefore,
    signing: signingBefore,
    tls: tlsBefore = NO_TLS,
    envelope: envelopeBefore,
    filter: filterBefore,
    transform: transformBefore,
    sender: senderBefore,
    ...definition
  }: WebhookDefinitionRecord,
  {
    headers = {},
    ordering = orderedBefore ?? null,
    rateLimit = limitBefore,
    signing,
    tls,
    envelope = envelopeBefore,
    filter = filterBefore,
    transform = transformBefore,
    sender = senderBefore,
    ...fields
  }: RecordPatch,
): WebhookDefinitionRecord {
  const replaced = new Set(Object.keys(headers).map((name) => name.toLowerCase()));
  const kept = Object.entries(definition.headers).filter(
    ([name]) => !replaced.has(name.toLowerCase()),
  );
  const added = Object.entries(headers).filter(
    (entry): entry is [string, StoredSecret | string] => entry[1] !== null,
  );
  return {
    ...definition,
    ...fields,
    ...(rateLimit && { rateLimit }),
    ...recordedOrdering(ordering),
    ...recordedSigning({ ...(signingBefore ?? DEFAULT_SIGNING), ...signing }),
    ...recordedTls({ ...tlsBefore, ...tls }),
    ...recordedParts({ envelope, filter, transform, sender }),
    headers: Object.fromEntries([...kept, ...added]),
  };
}

/** A mistake that a change shows only together with what it changes. */
export function tooManyHeaders(definition: WebhookDefinitionRecord): readonly FieldProblem[] {
  const count = Object.keys(definition.headers).length;
  if (count <= DEFINITION_LIMITS.headers) return [];
  const message = `there would be ${count} headers; at most ${DEFINITION_LIMITS.headers} are allowed`;
  return [{ field: 'headers', message, fix: 'Drop some with null.' }];
}

/** A secret that did not change keeps its ciphertext, so that an equal definition is recorded equal. */
export function keepEqualSecrets(
  next: WebhookDefinitionRecord,
  before: WebhookDefinitionRecord,
): WebhookDefinitionRecord {
  const headersBefore = new Map(
    Object.entries(before.headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
  const headers = Object.entries(next.headers).map(
    ([name, value]) => [name, sameOr(value, headersBefore.get(name.toLowerCase()))] as const,
  );
  const authBefore = secretsOfAuth(before.auth);
  const auth = mapAuth(next.auth, (secret, field) => sameOr(secret, authBefore.get(field)));
  const keyBefore = before.tls?.clientCertificate?.key;
  const tls = next.tls && mapTls(next.tls, (key) => sameOr(key, keyBefore));
  return { ...next, headers: Object.fromEntries(headers), auth, ...(tls && { tls }) };
}

function sameOr<Value extends StoredSecret | string>(
  next: Value,
  before: StoredSecret | string | undefined,
): Value {
  if (typeof next === 'string' || typeof before !== 'object') return next;
  const isSame = next.kind === before.kind && next.fingerprint === before.fingerprint;
  return isSame ? (before as Value) : next;
}
