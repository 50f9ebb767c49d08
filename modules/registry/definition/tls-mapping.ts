import type { StoredTls, TlsOf, WebhookDefinitionRecord } from '../webhook.events.js';

/** What a definition says that says nothing about TLS. */
export const NO_TLS = { clientCertificate: null, certificateAuthorities: [] } as const;

/** The same with its secret replaced. */
export function mapTls<From, To>(
  { certificateAuthorities, clientCertificate: client }: TlsOf<From>,
  replace: (secret: From, field: string) => To,
): TlsOf<To> {
  return {
    certificateAuthorities,
    clientCertificate: client && { ...client, key: replace(client.key, 'tls.clientKey') },
  };
}

/** As it is recorded: nothing where it is the default, so that definitions from before stay equal to themselves. */
export function recordedTls(tls: StoredTls): Pick<WebhookDefinitionRecord, 'tls'> {
  const isDefault = tls.clientCertificate === null && tls.certificateAuthorities.length === 0;
  return isDefault ? {} : { tls };
}
