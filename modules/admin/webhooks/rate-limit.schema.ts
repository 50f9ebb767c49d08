/** OpenAPI schema of a rate limit. */
export const RATE_LIMIT = {
  type: 'object',
  properties: {
    perSecond: { type: 'integer', minimum: 1, maximum: 1_000 },
    perMinute: { type: 'integer', minimum: 1, maximum: 60_000 },
    burst: { type: 'integer', minimum: 1, maximum: 1_000 },
  },
  example: { perSecond: 20 },
} as const;
