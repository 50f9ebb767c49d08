import { status } from '@grpc/grpc-js';
import type {
  SubscriptionError,
  SubscriptionErrorKind,
} from '../../persistent-subscriptions/subscription-error.js';
import { CallStatus, handlerFailed } from './call-status.js';
import { EXCEPTION, TRAILER, trailers } from './trailers.js';

interface Answer {
  readonly code: status;
  readonly exception: string;
  readonly details: (group: string, stream: string, reason: string) => string;
}

const ANSWERS: Readonly<Record<Exclude<SubscriptionErrorKind, 'no-buffer'> | 'dropped', Answer>> = {
  exists: {
    code: status.ALREADY_EXISTS,
    exception: EXCEPTION.subscriptionExists,
    details: (group, stream) => `Subscription group ${group} on stream ${stream} exists.`,
  },
  'does-not-exist': {
    code: status.NOT_FOUND,
    exception: EXCEPTION.subscriptionDoesNotExist,
    details: (group, stream) => `Subscription group ${group} on stream ${stream} does not exist.`,
  },
  'maximum-subscribers': {
    code: status.FAILED_PRECONDITION,
    exception: EXCEPTION.maximumSubscribersReached,
    details: (group, stream) =>
      `Maximum subscriptions reached for subscription group ${group} on stream ${stream}.`,
  },
  failed: {
    code: status.INTERNAL,
    exception: EXCEPTION.subscriptionFailed,
    details: (group, stream, reason) =>
      `Subscription group ${group} on stream ${stream} failed: '${reason}'`,
  },
  dropped: {
    code: status.CANCELLED,
    exception: EXCEPTION.subscriptionDropped,
    details: (group, stream) => `Subscription group ${group} on stream ${stream} was dropped.`,
  },
};

/** How a call about a group ends that the engine refuses. */
export function subscriptionStatus(error: SubscriptionError): CallStatus {
  const { kind, eventSource, group, reason } = error;
  return kind === 'no-buffer' ? handlerFailed() : answer(kind, eventSource, group, reason);
}

/** How the call of a consumer ends whose group was updated, deleted or restarted, or can never go on. */
export function subscriptionDropped(eventSource: string, group: string): CallStatus {
  return answer('dropped', eventSource, group, '');
}

function answer(
  kind: keyof typeof ANSWERS,
  stream: string,
  group: string,
  reason: string,
): CallStatus {
  const { code, exception, details } = ANSWERS[kind];
  return new CallStatus(
    code,
    details(group, stream, reason),
    trailers({
      [TRAILER.exception]: exception,
      [TRAILER.streamName]: stream,
      [TRAILER.groupName]: group,
      ...(reason !== '' && { [TRAILER.reason]: reason }),
    }),
  );
}
