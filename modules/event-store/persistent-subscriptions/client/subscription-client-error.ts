import {
  convertToCommandError,
  PersistentSubscriptionDoesNotExistError,
  PersistentSubscriptionDroppedError,
  PersistentSubscriptionExistsError,
  PersistentSubscriptionFailedError,
  PersistentSubscriptionMaximumSubscribersReachedError,
} from '@eventstore/db-client';
import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { toClientError } from '../../in-process/client-errors.js';
import {
  type SubscriptionAnswer,
  subscriptionAnswer,
  type SubscriptionAnswerKind,
} from '../subscription-answer.js';
import { SubscriptionError } from '../subscription-error.js';

/** What the official client throws where the engine throws `error`; other errors pass unchanged. */
export function toSubscriptionClientError(error: unknown): Error {
  if (!(error instanceof SubscriptionError)) return toClientError(error);
  return clientError(error.kind, error.eventSource, error.group, error.reason);
}

/** The error of a consumer whose group was updated, deleted or restarted, or has no source any more. */
export function droppedError(eventSource: string, group: string): Error {
  return clientError('dropped', eventSource, group, '');
}

function clientError(
  kind: SubscriptionAnswerKind,
  stream: string,
  group: string,
  reason: string,
): Error {
  const answer = subscriptionAnswer(kind, stream, group, reason);
  const error = convertToCommandError(serviceError(answer));
  if (hasNames(error)) Object.assign(error, { streamName: stream, groupName: group });
  if (error instanceof PersistentSubscriptionFailedError) error.reason = reason;
  return error;
}

function hasNames(error: Error): boolean {
  return (
    error instanceof PersistentSubscriptionExistsError ||
    error instanceof PersistentSubscriptionDoesNotExistError ||
    error instanceof PersistentSubscriptionFailedError ||
    error instanceof PersistentSubscriptionMaximumSubscribersReachedError ||
    error instanceof PersistentSubscriptionDroppedError
  );
}

/** The names that go with it are filled in afterwards: trailers are ASCII, and here they need not be. */
const FILLED_IN_LATER = ['stream-name', 'group-name', 'reason'] as const;

function serviceError({ code, exception, details }: SubscriptionAnswer): ServiceError {
  const metadata = new Metadata();
  if (exception !== undefined) {
    metadata.set('exception', exception);
    for (const name of FILLED_IN_LATER) metadata.set(name, name);
  }
  const message = `${code} ${status[code]}: ${details}`;
  return Object.assign(new Error(message), { code, details, metadata });
}
