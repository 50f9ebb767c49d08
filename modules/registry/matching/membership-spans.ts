/** What a webhook asks of events besides: an expression; `null`: a function, of which only the code knows. */
export interface SpanFilter {
  readonly expression: string | null;
}

/** What a webhook asks for at one moment. */
export interface Subscription {
  /** Keys of the event types and patterns (`typeKeyOf`). */
  readonly types: readonly string[];
  /** `sourceKeyOf` */
  readonly source: string;
  /** `tenantKeyOf` */
  readonly tenant: string;
  /** What of the events is asked besides; absent: nothing. */
  readonly filter?: SpanFilter | undefined;
  /** The first position asked for, wherever the registry change took effect. */
  readonly from: bigint;
}

/** A stretch of the log in which a webhook is subscribed to one key of event types: positions in (after, upTo]. */
export interface MembershipSpan {
  readonly type: string;
  readonly source: string;
  readonly tenant: string;
  readonly filter?: SpanFilter | undefined;
  readonly after: bigint;
  /** `null`: still open. */
  readonly upTo: bigint | null;
}

/** How many of the registry changes that closed a span are remembered per webhook. */
export const REMEMBERED_CLOSINGS = 32;

/**
 * The spans of a webhook after a registry change that took effect at position `at`, which lies above all before.
 *
 * What is asked for as before (the same event types, streams, tenant and filter) keeps its span, so that a change of something
 * else never moves the position from which it is a member. What is no longer asked for is closed at `at`, what is new is
 * opened there. The 33rd change that closes a span makes the first be forgotten: an event that is matched that late is a
 * matter for a replay.
 *
 * @param wanted `null`: nothing is asked for
 */
export function advanceSpans(
  spans: readonly MembershipSpan[],
  at: bigint,
  wanted: Subscription | null,
): readonly MembershipSpan[] {
  const missing = new Set(wanted?.types);
  const isWanted = (span: MembershipSpan): boolean =>
    span.source === wanted?.source &&
    span.tenant === wanted.tenant &&
    isSameFilter(span.filter, wanted.filter) &&
    missing.delete(span.type);
  const kept = spans.flatMap((span) => {
    if (span.upTo !== null || isWanted(span)) return [span];
    return span.after < at ? [{ ...span, upTo: at }] : [];
  });
  if (!wanted) return withoutForgotten(kept);
  const { source, tenant, filter, from } = wanted;
  const after = from > at ? from - 1n : at;
  const opened = [...missing].map((type) => ({
    ...{ type, source, tenant, after, upTo: null },
    ...(filter && { filter }),
  }));
  return withoutForgotten([...kept, ...opened]);
}

function isSameFilter(one: SpanFilter | undefined, other: SpanFilter | undefined): boolean {
  return (one === undefined) === (other === undefined) && one?.expression === other?.expression;
}

/** Whether `position` lies in the span. */
export function spanHolds(span: MembershipSpan, position: bigint): boolean {
  return span.after < position && (span.upTo === null || position <= span.upTo);
}

function withoutForgotten(spans: readonly MembershipSpan[]): readonly MembershipSpan[] {
  const closings = [...new Set(spans.flatMap(({ upTo }) => (upTo === null ? [] : [upTo])))];
  if (closings.length <= REMEMBERED_CLOSINGS) return spans;
  const oldest = closings.sort((one, other) => (one < other ? -1 : 1)).at(-REMEMBERED_CLOSINGS);
  return spans.filter(({ upTo }) => upTo === null || oldest === undefined || upTo >= oldest);
}
