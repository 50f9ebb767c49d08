import type { MatchableEvent } from '../webhook.js';
import { sourceKeysFor, tenantKeysFor, typeKeysFor } from './match-keys.js';
import { type MembershipSpan, spanHolds } from './membership-spans.js';

/** A span that an event may lie in, and whose it is. */
export interface Candidate {
  readonly webhookId: string;
  readonly span: MembershipSpan;
}

interface Bucket {
  /** Open spans by webhook. */
  readonly open: Map<string, MembershipSpan>;
  /** Closed ones, in the order of their ends. */
  closed: Candidate[];
}

interface Listed {
  readonly tenant: string;
  readonly spans: ReadonlySet<MembershipSpan>;
}

type Buckets = Map<string, Map<string, Map<string, Bucket>>>;

/**
 * The spans of all webhooks by tenant, source and event type, so that an event meets only those that were ever
 * subscribed to it; of these it meets the closed ones only where it is older than their end. Patterns are looked up by
 * each prefix that an event type has, so the cost of an event grows with its dots and its matches, not with the webhooks.
 */
export class MatchingIndex {
  readonly #buckets: Buckets = new Map();
  readonly #listed = new Map<string, Listed>();

  /**
   * Lists the webhook with these spans instead of those before. Spans are compared by identity.
   *
   * @param tenant tenant key of the webhook now: an event has to be of a tenant that it listened to then and listens to now
   */
  list(webhookId: string, tenant: string, spans: readonly MembershipSpan[]): void {
    const before = this.#listed.get(webhookId)?.spans;
    const after = new Set(spans);
    for (const span of before ?? []) if (!after.has(span)) this.#drop(webhookId, span);
    for (const span of after) if (!before?.has(span)) this.#add(webhookId, span);
    if (after.size === 0) this.#listed.delete(webhookId);
    else this.#listed.set(webhookId, { tenant, spans: after });
  }

  /** Ids of the webhooks that the event is a member of, each once. */
  match(event: MatchableEvent): ReadonlySet<string> {
    return new Set(this.matching(event).keys());
  }

  /** The same webhooks, each with a span that holds the event: all of them ask for the same there. */
  matching(event: MatchableEvent): ReadonlyMap<string, MembershipSpan> {
    const tenants = tenantKeysFor(event.tenantId);
    const matches = new Map<string, MembershipSpan>();
    for (const { webhookId, span } of this.candidates(event)) {
      const tenant = this.#listed.get(webhookId)?.tenant;
      if (tenant === undefined || !tenants.includes(tenant)) continue;
      if (spanHolds(span, event.position)) matches.set(webhookId, span);
    }
    return matches;
  }

  /** Every span that is looked at for the event: the cost of matching it. */
  *candidates(event: MatchableEvent): Generator<Candidate> {
    const sources = sourceKeysFor(event.stream);
    const types = typeKeysFor(event.type);
    for (const tenant of tenantKeysFor(event.tenantId)) {
      const bySource = this.#buckets.get(tenant);
      if (!bySource) continue;
      for (const source of sources) {
        const byType = bySource.get(source);
        if (!byType) continue;
        for (const type of types) {
          const bucket = byType.get(type);
          if (bucket) yield* candidatesIn(bucket, event.position);
        }
      }
    }
  }

  #add(webhookId: string, span: MembershipSpan): void {
    const bucket = this.#bucketOf(span);
    if (span.upTo === null) {
      bucket.open.set(webhookId, span);
      return;
    }
    const last = bucket.closed.at(-1)?.span.upTo ?? -1n;
    bucket.closed.push({ webhookId, span });
    if (span.upTo < last) bucket.closed.sort(byEnd);
  }

  #drop(webhookId: string, span: MembershipSpan): void {
    const bucket = this.#bucketOf(span);
    if (span.upTo === null) bucket.open.delete(webhookId);
    else bucket.closed = bucket.closed.filter((one) => one.span !== span);
    if (bucket.open.size === 0 && bucket.closed.length === 0) this.#dropBucket(span);
  }

  #bucketOf({ tenant, source, type }: MembershipSpan): Bucket {
    const bySource = madeIfAbsent(
      this.#buckets,
      tenant,
      () => new Map<string, Map<string, Bucket>>(),
    );
    const byType = madeIfAbsent(bySource, source, () => new Map<string, Bucket>());
    return madeIfAbsent(byType, type, () => ({
      open: new Map<string, MembershipSpan>(),
      closed: [],
    }));
  }

  #dropBucket({ tenant, source, type }: MembershipSpan): void {
    const bySource = this.#buckets.get(tenant);
    const byType = bySource?.get(source);
    byType?.delete(type);
    if (byType?.size === 0) bySource?.delete(source);
    if (bySource?.size === 0) this.#buckets.delete(tenant);
  }
}

function* candidatesIn(bucket: Bucket, position: bigint): Generator<Candidate> {
  for (const [webhookId, span] of bucket.open) yield { webhookId, span };
  for (let index = bucket.closed.length - 1; index >= 0; index--) {
    const candidate = bucket.closed[index];
    if (!candidate || (candidate.span.upTo ?? 0n) < position) return;
    yield candidate;
  }
}

function byEnd(one: Candidate, other: Candidate): number {
  return Number((one.span.upTo ?? 0n) - (other.span.upTo ?? 0n));
}

function madeIfAbsent<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const existing = map.get(key);
  if (existing !== undefined) return existing;
  const made = make();
  map.set(key, made);
  return made;
}
