/** Bounds of a webhook's definition. Durations in milliseconds, sizes in bytes of UTF-8, lengths in UTF-16 units. */
export const DEFINITION_LIMITS = {
  idLength: 64,
  urlLength: 2_048,
  eventTypes: 200,
  eventTypeLength: 256,
  tenantIdLength: 256,
  streamLength: 512,
  headers: 50,
  headerNameLength: 128,
  headerValueLength: 4_096,
  /** Names and values together. */
  headersLength: 16_384,
  bearerTokenLength: 8_192,
  /** Of a chain, and authorities. */
  certificates: 20,
  /** All of a text in PEM. */
  certificatesLength: 65_536,
  clientKeyLength: 16_384,
  clientIdLength: 1_024,
  clientSecretLength: 8_192,
  /** Scope, audience and resource, each. */
  oauth2ParameterLength: 2_048,
  secretReferenceLength: 512,
  /** User name and password, each. */
  basicAuthLength: 1_024,
  /** The newest and those that still sign beside them, of both kinds. */
  signingSecrets: 10,
  /** How long a signing secret that is replaced may go on to sign. */
  overlapMs: 7 * 24 * 3_600_000,
  signingSecretMinBytes: 24,
  signingSecretMaxBytes: 64,
  attempts: 100,
  retryDelayMs: 7 * 24 * 3_600_000,
  retryFactor: 100,
  timeoutMs: 120_000,
  concurrency: 1_000,
  perSecond: 1_000,
  perMinute: 60_000,
  burst: 1_000,
  descriptionLength: 1_000,
} as const;

/** What a definition says where it says nothing. */
export const DEFINITION_DEFAULTS = {
  timeoutMs: 20_000,
  concurrency: 10,
} as const;
