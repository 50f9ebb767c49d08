import type { RateLimit, Webhook } from '../registry/index.js';
import type { Turn } from './turns.js';

/** The webhook whose lane is meant, and how fast it may go. */
export interface LaneKey extends Turn {
  /** How many of its requests may be under way at once. */
  readonly concurrency: number;
  /** `null`: not limited. */
  readonly rateLimit: RateLimit | null;
  /** Scheme, host and port of its endpoint, which other webhooks may share; `null`: it has none. */
  readonly origin: string | null;
}

/** A webhook that is gone: its deliveries are discarded, a few at a time. */
const GONE = { tenantId: null, concurrency: 4, rateLimit: null, origin: null };

const keys = new WeakMap<Webhook, LaneKey>();

/** The lane of a webhook, which may be gone. */
export function laneKeyOf(webhookId: string, webhook: Webhook | undefined): LaneKey {
  if (!webhook) return { webhookId, ...GONE };
  let key = keys.get(webhook);
  if (!key) {
    const { concurrency, rateLimit = null, tenantId, url } = webhook.definition;
    key = { webhookId, tenantId, concurrency, rateLimit, origin: originOf(url) };
    keys.set(webhook, key);
  }
  return key;
}

function originOf(url: string): string | null {
  return URL.canParse(url) ? new URL(url).origin : null;
}
