import type {
  AuthOf,
  OAuth2AuthOf,
  StoredAuth,
  StoredSecret,
  StoredTls,
  TlsOf,
  WebhookDefinitionRecord,
} from '../../modules/registry/webhook.events.js';

/** What may be shown of a secret: enough to tell two apart, nothing to use or to guess it by. */
export interface MaskedSecret {
  readonly kind: StoredSecret['kind'];
  readonly fingerprint: string;
  /** Where the application keeps it, of one that is looked up. */
  readonly reference?: string;
  /** When a signing secret that was replaced stops to sign; absent: it does not. */
  readonly expiresAt?: string;
  /** `whpk_...` of a signing key pair. */
  readonly publicKey?: string;
}

type SecretField = 'headers' | 'auth' | 'tls' | 'signingSecrets';

/** The definition of a webhook with every secret masked. */
export interface MaskedDefinition extends Omit<WebhookDefinitionRecord, SecretField> {
  readonly headers: Readonly<Record<string, MaskedSecret | string>>;
  readonly auth: AuthOf<MaskedSecret>;
  readonly tls?: TlsOf<MaskedSecret>;
  readonly signingSecrets: readonly MaskedSecret[];
}

/**
 * Leaves nothing of a secret but its fingerprint. Fields are copied by name, so what a later release adds to definitions
 * is not shown before somebody has decided that it may be.
 */
export function masked(definition: WebhookDefinitionRecord): MaskedDefinition {
  const { auth, headers, signingSecrets, tls } = definition;
  const { namedSigningSecrets, ordering, rateLimit, signing } = definition;
  return {
    url: definition.url,
    eventTypes: definition.eventTypes,
    source: definition.source,
    tenantId: definition.tenantId,
    isGlobal: definition.isGlobal,
    headers: Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [
        name,
        typeof value === 'string' ? value : maskedSecret(value),
      ]),
    ),
    auth: maskedAuth(auth),
    ...(tls === undefined ? {} : { tls: maskedTls(tls) }),
    signingSecrets: signingSecrets.map(maskedSecret),
    ...(namedSigningSecrets === undefined ? {} : { namedSigningSecrets }),
    ...(signing === undefined ? {} : { signing }),
    ...(ordering === undefined ? {} : { ordering }),
    retry: definition.retry,
    timeoutMs: definition.timeoutMs,
    concurrency: definition.concurrency,
    ...(rateLimit === undefined ? {} : { rateLimit }),
    isReplayable: definition.isReplayable,
    isActive: definition.isActive,
    description: definition.description,
  };
}

function maskedTls({ clientCertificate, certificateAuthorities }: StoredTls): TlsOf<MaskedSecret> {
  return {
    certificateAuthorities,
    clientCertificate: clientCertificate && {
      certificate: clientCertificate.certificate,
      key: maskedSecret(clientCertificate.key),
    },
  };
}

function maskedOAuth2(auth: OAuth2AuthOf<StoredSecret>): OAuth2AuthOf<MaskedSecret> {
  const { tokenUrl, issuer, clientId, scope, audience, resource, clientAuthentication } = auth;
  return {
    ...{ type: auth.type, clientId },
    ...(tokenUrl !== undefined && { tokenUrl }),
    ...(issuer !== undefined && { issuer }),
    ...(scope !== undefined && { scope }),
    ...(audience !== undefined && { audience }),
    ...(resource !== undefined && { resource }),
    ...(clientAuthentication !== undefined && { clientAuthentication }),
    clientSecret: maskedSecret(auth.clientSecret),
  };
}

function maskedAuth(auth: StoredAuth): AuthOf<MaskedSecret> {
  switch (auth.type) {
    case 'bearer':
      return { type: auth.type, token: maskedSecret(auth.token) };
    case 'basic':
      return { type: auth.type, username: auth.username, password: maskedSecret(auth.password) };
    case 'oauth2':
      return maskedOAuth2(auth);
    case 'resolver':
      return { type: auth.type, resolve: auth.resolve };
    case 'none':
    default:
      return { type: auth.type };
  }
}

export function maskedSecret(secret: StoredSecret): MaskedSecret {
  const { kind, fingerprint, publicKey } = secret;
  const expiresAt = secret.kind === 'code' ? undefined : secret.expiresAt;
  return {
    ...{ kind, fingerprint },
    ...(secret.kind === 'reference' ? { reference: secret.reference } : {}),
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(publicKey === undefined ? {} : { publicKey }),
  };
}
