import { groupKey } from './group-settings.js';

/** Why a call about a group was refused. */
export type SubscriptionErrorKind =
  | 'exists'
  | 'does-not-exist'
  | 'maximum-subscribers'
  | 'failed'
  /** The consumer's buffer has no room for a single message. */
  | 'no-buffer';

/** What the engine of persistent subscriptions answers instead of a result; every face has its own form of it. */
export class SubscriptionError extends Error {
  override readonly name = 'SubscriptionError';
  readonly kind: SubscriptionErrorKind;
  readonly eventSource: string;
  readonly group: string;
  /** What is wrong, for `failed`; else empty. */
  readonly reason: string;

  constructor(kind: SubscriptionErrorKind, eventSource: string, group: string, reason = '') {
    super(`${groupKey(eventSource, group)}: ${kind} ${reason}`.trimEnd());
    this.kind = kind;
    this.eventSource = eventSource;
    this.group = group;
    this.reason = reason;
  }
}
