import { status } from '@grpc/grpc-js';
import type { SubscriptionErrorKind } from './subscription-error.js';

/** Why a call about a group fails, or that of its consumer ends. */
export type SubscriptionAnswerKind = SubscriptionErrorKind | 'dropped';

/** What EventStoreDB answers then, and official clients go by. */
export interface SubscriptionAnswer {
  readonly code: status;
  /** Value of the `exception` trailer, which tells the answers apart; `undefined` for what a server did not foresee. */
  readonly exception: string | undefined;
  readonly details: string;
}

/** Every answer, for the client in process and for the server alike. */
export function subscriptionAnswer(
  kind: SubscriptionAnswerKind,
  stream: string,
  group: string,
  reason: string,
): SubscriptionAnswer {
  const subject = `Subscription group ${group} on stream ${stream}`;
  switch (kind) {
    case 'exists':
      return {
        code: status.ALREADY_EXISTS,
        exception: 'persistent-subscription-exists',
        details: `${subject} exists.`,
      };
    case 'does-not-exist':
      return {
        code: status.NOT_FOUND,
        exception: 'persistent-subscription-does-not-exist',
        details: `${subject} does not exist.`,
      };
    case 'maximum-subscribers':
      return {
        code: status.FAILED_PRECONDITION,
        exception: 'maximum-subscribers-reached',
        details: `Maximum subscriptions reached for subscription group ${group} on stream ${stream}.`,
      };
    case 'failed':
      return {
        code: status.INTERNAL,
        exception: 'persistent-subscription-failed',
        details: `${subject} failed: '${reason}'`,
      };
    case 'dropped':
      return {
        code: status.CANCELLED,
        exception: 'persistent-subscription-dropped',
        details: `${subject} was dropped.`,
      };
    case 'no-buffer':
      return {
        code: status.UNKNOWN,
        exception: undefined,
        details: 'Exception was thrown by handler.',
      };
  }
}
