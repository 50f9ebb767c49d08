import type { EventStoreClient, StreamNames } from '../event-store/index.js';
import { isSelected, matchesEventType, type Webhook } from '../registry/index.js';
import type {
  HistoryScope,
  ReplayFrom,
  ReplayMode,
  ReplaySelection,
  ReplaySource,
  ReplayTo,
} from './replay.events.js';
import { resolveRange } from './reading/replay-range.js';
import { checkCommon, type CommonRequest, REPLAY_LIMITS, ReplayProblems } from './replay-rules.js';

/** A replay of events of the log to one webhook, also of events that happened before the webhook was there. */
export interface StartReplayRequest extends CommonRequest {
  readonly webhookId: string;
  /**
   * Id of the replay, 1 to 64 letters, digits, `-` or `_`: the same request with the same id starts nothing twice.
   *
   * @default one that is made
   */
  readonly replayId?: string | undefined;
  /**
   * Where it begins: `beginning` of the log; a `position` (inclusive: that of an event); a `time` (inclusive, ISO 8601);
   * or `disabled`, where the webhook was last disabled.
   */
  readonly from: ReplayFrom;
  /**
   * Where it ends: a `position` (inclusive) or a `time` (exclusive).
   *
   * @default the end of the log now; with `from: 'disabled'`, where the webhook was enabled again
   */
  readonly to?: ReplayTo | null | undefined;
  /** Only the events of this stream. */
  readonly stream?: string | undefined;
  /** Only the events of the streams of this category: those whose names begin with it and a dash. */
  readonly category?: string | undefined;
  /** Only events of these types or patterns, of those that the webhook listens to. */
  readonly eventTypes?: readonly string[] | undefined;
  /**
   * `missing`: what has no delivery, or whose delivery did not succeed. `all`: what succeeded too, in a new run.
   *
   * @default 'missing'
   */
  readonly mode?: ReplayMode | undefined;
  /**
   * Most deliveries per second, 1 to 10,000.
   *
   * @default as fast as the webhook takes them
   */
  readonly perSecond?: number | null | undefined;
  /** Who asks: what the history shows. Default `application`. */
  readonly requestedBy?: string | undefined;
  /** Why, at most 500 characters. */
  readonly reason?: string | null | undefined;
}

/** What a request is checked against. */
export interface RequestSurroundings {
  readonly client: Pick<EventStoreClient, 'readAll' | 'readStream'>;
  readonly names: StreamNames;
  /** Epoch milliseconds. */
  readonly now: number;
}

/**
 * The scope of a replay that was asked for.
 *
 * @throws PosthornError `PSH_REPLAY_INVALID` with every mistake
 */
export async function scopeOf(
  request: StartReplayRequest,
  webhook: Webhook,
  surroundings: RequestSurroundings,
): Promise<HistoryScope> {
  const problems = new ReplayProblems();
  const { eventTypes, from, mode = 'missing', to = null } = request;
  checkCommon(request, problems);
  const source = sourceOf(request, webhook, surroundings.names, problems);
  checkEventTypes(eventTypes, webhook, problems);
  const range = await resolveRange(from, to, { ...surroundings, webhookId: webhook.id, problems });
  problems.refuse();
  return {
    kind: 'history',
    cause: 'request',
    webhookId: webhook.id,
    registration: webhook.registration,
    mode,
    from,
    to,
    source,
    eventTypes: eventTypes ?? null,
    range: { from: range.from.toString(), to: range.to.toString() },
    selection: selectionOf(webhook.definition),
  };
}

/** What of a definition says which events it asks for. */
export function selectionOf({
  eventTypes,
  source,
  tenantId,
  isGlobal,
}: ReplaySelection): ReplaySelection {
  return { eventTypes, source, tenantId, isGlobal };
}

/** Whether two replays were asked for with the same words. */
export function isSameRequest(one: HistoryScope, other: HistoryScope): boolean {
  const asked = ({ webhookId, mode, from, to, source, eventTypes }: HistoryScope): string =>
    JSON.stringify([webhookId, mode, from, to, source, eventTypes]);
  return one.cause === other.cause && asked(one) === asked(other);
}

function sourceOf(
  { category, stream }: StartReplayRequest,
  { definition }: Webhook,
  names: StreamNames,
  problems: ReplayProblems,
): ReplaySource | null {
  if (stream !== undefined && category !== undefined) {
    problems.add('category', 'stands beside `stream`', 'Give one of the two.');
    return null;
  }
  if (category !== undefined) return { kind: 'category', category };
  if (stream === undefined) return null;
  const anyType = { ...definition, eventTypes: ['*'], isGlobal: true };
  if (names.isReserved(stream)) {
    problems.add(
      'stream',
      'belongs to the event store or to Posthorn itself, whose events no webhook ever sees',
      'Give a stream of the application.',
    );
  } else if (!isSelected(anyType, { type: 'any', stream, tenantId: null })) {
    problems.add(
      'stream',
      'is not one that the webhook listens to',
      'Give another stream, or change the webhook first.',
    );
  }
  return { kind: 'stream', stream };
}

function checkEventTypes(
  eventTypes: readonly string[] | undefined,
  { definition }: Webhook,
  problems: ReplayProblems,
): void {
  if (!eventTypes) return;
  if (eventTypes.length === 0 || eventTypes.length > REPLAY_LIMITS.eventTypes) {
    const most = REPLAY_LIMITS.eventTypes;
    problems.add('eventTypes', `must be 1 to ${most}`, 'Give fewer, or none: all of them.');
  }
  for (const type of eventTypes.slice(0, REPLAY_LIMITS.eventTypes)) {
    if (definition.eventTypes.some((listened) => overlaps(listened, type))) continue;
    problems.add(
      'eventTypes',
      `the webhook does not listen to ${JSON.stringify(type.slice(0, 64))}`,
      'Name event types that the webhook listens to, or change the webhook first.',
    );
  }
}

/** Whether two patterns stand for a name in common. */
function overlaps(one: string, other: string): boolean {
  return matchesEventType(one, other) || matchesEventType(other, one);
}
