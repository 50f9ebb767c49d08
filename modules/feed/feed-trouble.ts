import { ErrorType } from '@eventstore/db-client';
import { isClientError } from '../event-store/index.js';

/** Why an instance does not observe. */
export type FeedTroubleKind =
  /** The group let its consumers go: it was updated, deleted or restarted. */
  | 'dropped'
  /** The group is not there. It is created again. */
  | 'group-missing'
  /** The group has as many consumers as it may have. */
  | 'group-full'
  /** The event store cannot be reached, or does not take calls now. */
  | 'unavailable'
  /** This node does not lead its cluster; the client looks for the one that does. */
  | 'not-leader'
  /** The event store did not answer in time. */
  | 'deadline'
  /** The user may not do it: to observe `$all` and to create groups takes the rights of `$admins` or `$ops`. */
  | 'access-denied'
  /** The event store never confirmed the subscription. */
  | 'unconfirmed'
  /** The group has events, and none arrived: the connection is half-open, or the group is stuck. */
  | 'stalled'
  /** The subscription ended without an error. */
  | 'ended'
  | 'unexpected';

/** What keeps an instance from observing. */
export interface FeedTrouble {
  readonly kind: FeedTroubleKind;
  readonly message: string;
  /** When observing ended, or was begun in vain, in epoch milliseconds. */
  readonly since: number;
  /** How often it was tried since. */
  readonly tries: number;
  /** When it is tried next, in epoch milliseconds. */
  readonly nextTryAt: number;
}

/** A subscription that ended for a reason which is no error of the client. */
export class SubscriptionEnded extends Error {
  override readonly name = 'SubscriptionEnded';
  readonly kind: FeedTroubleKind;

  constructor(kind: 'ended' | 'stalled' | 'unconfirmed', message: string) {
    super(message);
    this.kind = kind;
  }
}

const KINDS: readonly (readonly [ErrorType, FeedTroubleKind])[] = [
  [ErrorType.PERSISTENT_SUBSCRIPTION_DROPPED, 'dropped'],
  [ErrorType.PERSISTENT_SUBSCRIPTION_DOES_NOT_EXIST, 'group-missing'],
  [ErrorType.MAXIMUM_SUBSCRIBERS_REACHED, 'group-full'],
  [ErrorType.UNAVAILABLE, 'unavailable'],
  [ErrorType.CANCELLED, 'unavailable'],
  [ErrorType.NOT_LEADER, 'not-leader'],
  [ErrorType.DEADLINE_EXCEEDED, 'deadline'],
  [ErrorType.TIMEOUT, 'deadline'],
  [ErrorType.ACCESS_DENIED, 'access-denied'],
];

/** What the official client throws as it is while a server cannot be reached: gRPC's own errors, by code. */
const GRPC_KINDS: ReadonlyMap<unknown, FeedTroubleKind> = new Map<unknown, FeedTroubleKind>([
  [1, 'unavailable'],
  [4, 'deadline'],
  [7, 'access-denied'],
  [14, 'unavailable'],
  [16, 'access-denied'],
]);

export function troubleKindOf(error: unknown): FeedTroubleKind {
  if (error instanceof SubscriptionEnded) return error.kind;
  const [, kind] = KINDS.find(([type]) => isClientError(error, type)) ?? [];
  if (kind) return kind;
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return GRPC_KINDS.get(code) ?? 'unexpected';
}

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 10_000;
/** Only a person can change it. */
const PAUSE_WHILE_REFUSED_MS = 30_000;

/**
 * How long to wait before the next try.
 *
 * @param failures tries in a row that failed before this one
 */
export function pauseAfter(kind: FeedTroubleKind, failures: number): number {
  if (kind === 'access-denied') return PAUSE_WHILE_REFUSED_MS;
  return Math.min(FIRST_PAUSE_MS * 2 ** failures, LONGEST_PAUSE_MS);
}
