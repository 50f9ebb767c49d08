import { mapAuth } from './auth-mapping.js';
import { mapTls } from './tls-mapping.js';
import type { StoredSecret, WebhookDefinitionRecord } from '../webhook.events.js';

/** Fields of the secrets of a webhook, as they are bound to their encryption. */
export const SECRET_FIELDS = {
  signingSecret: 'signingSecret',
  /** Header names are equal in any case. */
  header: (name: string): string => `headers.${name.toLowerCase()}`,
} as const;

/** A secret of a definition, and the field that it is bound to. */
export interface PlacedSecret {
  readonly field: string;
  readonly secret: StoredSecret;
}

type ReplaceSecret = (secret: StoredSecret, field: string) => StoredSecret;

/**
 * The definition with each of its secrets replaced by what `replace` gives for it. The one place that knows where
 * secrets stand, those of an authorisation excepted (`mapAuth`): what neither names is neither counted nor encrypted again.
 */
export function withSecrets(
  record: WebhookDefinitionRecord,
  replace: ReplaceSecret,
): WebhookDefinitionRecord {
  const headers = Object.entries(record.headers).map(([name, value]) => [
    name,
    typeof value === 'string' ? value : replace(value, SECRET_FIELDS.header(name)),
  ]);
  return {
    ...record,
    headers: Object.fromEntries(headers) as WebhookDefinitionRecord['headers'],
    auth: mapAuth(record.auth, replace),
    ...(record.tls && { tls: mapTls(record.tls, replace) }),
    signingSecrets: record.signingSecrets.map((one) => replace(one, SECRET_FIELDS.signingSecret)),
  };
}

/** Every secret of a definition. */
export function secretsIn(record: WebhookDefinitionRecord): readonly PlacedSecret[] {
  const found: PlacedSecret[] = [];
  withSecrets(record, (secret, field) => {
    found.push({ field, secret });
    return secret;
  });
  return found;
}
