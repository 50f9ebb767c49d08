/** Which secret is asked for, and on whose behalf. */
export interface SecretRequest {
  /** What the definition says, such as `vault:payments/fulfilment#token`. */
  readonly reference: string;
  /** Tenant of the webhook; `null`: it has none, or is for all. */
  readonly tenantId: string | null;
  readonly webhookId: string;
  /** Where it stands in the definition, such as `auth.token`, `headers.x-api-key` or `signingSecret`. */
  readonly field: string;
  /** Aborts when the answer is no longer waited for. */
  readonly signal: AbortSignal;
}

/**
 * Looks up secrets that webhooks refer to, in a vault of the application.
 *
 * Who may register a webhook chooses the reference: the resolver has to see to it that the tenant may use the secret, and
 * to throw otherwise. An answer is kept in memory for `cacheMs`, and one request at a time is made for each webhook and
 * reference. While it throws, answers nothing, or takes longer than `timeoutMs`, the deliveries of the webhook wait, and it
 * costs them no attempt.
 */
export interface SecretResolver {
  resolve(request: SecretRequest): Promise<string> | string;
  /** How long an answer is used, in milliseconds; default 300,000, at most 3,600,000. */
  readonly cacheMs?: number;
  /** How long an answer is waited for, in milliseconds; default 2,000, at most 4,000. */
  readonly timeoutMs?: number;
}

export const SECRET_RESOLVER_DEFAULTS = { cacheMs: 300_000, timeoutMs: 2_000 } as const;
export const SECRET_RESOLVER_LIMITS = { cacheMs: 3_600_000, timeoutMs: 4_000 } as const;
