import {
  subscriptionAnswer,
  type SubscriptionAnswerKind,
} from '../../persistent-subscriptions/subscription-answer.js';
import type { SubscriptionError } from '../../persistent-subscriptions/subscription-error.js';
import { CallStatus } from './call-status.js';
import { TRAILER, trailers } from './trailers.js';

/** How a call about a group ends that the engine refuses. */
export function subscriptionStatus(error: SubscriptionError): CallStatus {
  return statusOf(error.kind, error.eventSource, error.group, error.reason);
}

/** How the call of a consumer ends whose group was updated, deleted or restarted, or can never go on. */
export function subscriptionDropped(eventSource: string, group: string): CallStatus {
  return statusOf('dropped', eventSource, group, '');
}

function statusOf(
  kind: SubscriptionAnswerKind,
  stream: string,
  group: string,
  reason: string,
): CallStatus {
  const { code, exception, details } = subscriptionAnswer(kind, stream, group, reason);
  if (exception === undefined) return new CallStatus(code, details);
  return new CallStatus(
    code,
    details,
    trailers({
      [TRAILER.exception]: exception,
      [TRAILER.streamName]: stream,
      [TRAILER.groupName]: group,
      ...(reason !== '' && { [TRAILER.reason]: reason }),
    }),
  );
}
