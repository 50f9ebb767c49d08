import { fold } from '../../kernel/index.js';
import { webhookDecider } from '../aggregate/webhook.aggregate.js';
import {
  isListening,
  type Registered,
  toWebhook,
  type WebhookState,
} from '../aggregate/webhook-state.js';
import { spanFilterOf } from '../matching/span-filter.js';
import { sourceKeyOf, tenantKeyOf, typeKeyOf } from '../matching/match-keys.js';
import {
  advanceSpans,
  type MembershipSpan,
  type Subscription,
} from '../matching/membership-spans.js';
import type { Webhook } from '../webhook.js';
import type { WebhookEvent } from '../webhook.events.js';
import type { PlacedPointer } from './recorded-events.js';

/** A webhook as far as its pointers have come. */
export interface WebhookEntry {
  readonly id: string;
  readonly state: WebhookState;
  /** Revision of its stream that took effect last; -1 when none did. */
  readonly revision: bigint;
  /** Position at which it did. */
  readonly position: bigint;
  /** Position at which its present registration took effect. */
  readonly registeredAt: bigint;
  readonly spans: readonly MembershipSpan[];
  /** `undefined` while nothing is registered. */
  readonly webhook: Webhook | undefined;
}

export function emptyEntry(id: string): WebhookEntry {
  return {
    id,
    state: webhookDecider(id).initialState,
    revision: -1n,
    position: 0n,
    registeredAt: 0n,
    spans: [],
    webhook: undefined,
  };
}

/**
 * The entry after a pointer: everything in the webhook's stream up to the pointer's revision takes effect at the
 * pointer's position, at once.
 *
 * @param events the events of the stream behind the entry's revision, up to that of the pointer
 */
export function advanceEntry(
  entry: WebhookEntry,
  pointer: PlacedPointer,
  events: readonly WebhookEvent[],
): WebhookEntry {
  const { revision, position } = pointer;
  const state = fold(webhookDecider(entry.id), events, entry.state);
  if (state.phase === 'unregistered') return { ...entry, revision, position };
  const isSame =
    entry.state.phase === 'registered' && entry.state.registration === state.registration;
  const advanced = advanceSpans(isSame ? entry.spans : [], position, subscriptionOf(state));
  return {
    id: entry.id,
    state,
    revision,
    position,
    registeredAt: isSame ? entry.registeredAt : position,
    spans: state.phase === 'removed' ? [] : advanced,
    webhook: toWebhook(entry.id, state, revision),
  };
}

function subscriptionOf(state: Registered): Subscription | null {
  if (!isListening(state)) return null;
  const { definition, startFrom } = state;
  return {
    types: definition.eventTypes.map(typeKeyOf),
    source: sourceKeyOf(definition.source),
    tenant: tenantKeyOf(definition),
    filter: spanFilterOf(definition),
    from:
      typeof startFrom === 'object' && 'position' in startFrom ? BigInt(startFrom.position) : 0n,
  };
}
