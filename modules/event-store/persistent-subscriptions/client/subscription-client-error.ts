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
import { SubscriptionError, type SubscriptionErrorKind } from '../subscription-error.js';

interface Answer {
  readonly code: status;
  /** Value of the `exception` trailer, by which clients tell the errors apart. */
  readonly exception: string | undefined;
  details(group: string, stream: string, reason: string): string;
}

/** How a server answers each refusal. */
const ANSWERS: Readonly<Record<SubscriptionErrorKind | 'dropped', Answer>> = {
  exists: {
    code: status.ALREADY_EXISTS,
    exception: 'persistent-subscription-exists',
    details: (group, stream) => `Subscription group ${group} on stream ${stream} exists.`,
  },
  'does-not-exist': {
    code: status.NOT_FOUND,
    exception: 'persistent-subscription-does-not-exist',
    details: (group, stream) => `Subscription group ${group} on stream ${stream} does not exist.`,
  },
  failed: {
    code: status.INTERNAL,
    exception: 'persistent-subscription-failed',
    details: (group, stream, reason) =>
      `Subscription group ${group} on stream ${stream} failed: '${reason}'`,
  },
  'maximum-subscribers': {
    code: status.FAILED_PRECONDITION,
    exception: 'maximum-subscribers-reached',
    details: (group, stream) =>
      `Maximum subscriptions reached for subscription group ${group} on stream ${stream}.`,
  },
  dropped: {
    code: status.CANCELLED,
    exception: 'persistent-subscription-dropped',
    details: (group, stream) => `Subscription group ${group} on stream ${stream} was dropped.`,
  },
  'no-buffer': {
    code: status.UNKNOWN,
    exception: undefined,
    details: () => 'Exception was thrown by handler.',
  },
};

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
  kind: SubscriptionErrorKind | 'dropped',
  stream: string,
  group: string,
  reason: string,
): Error {
  const error = convertToCommandError(serviceError(ANSWERS[kind], stream, group, reason));
  // trailers are ASCII; these fields are not limited to it here
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

function serviceError(answer: Answer, stream: string, group: string, reason: string): ServiceError {
  const details = answer.details(group, stream, reason);
  const metadata = new Metadata();
  if (answer.exception !== undefined) {
    metadata.set('exception', answer.exception);
    metadata.set('stream-name', toTrailer(stream));
    metadata.set('group-name', toTrailer(group));
    if (reason !== '') metadata.set('reason', toTrailer(reason));
  }
  const message = `${answer.code} ${status[answer.code]}: ${details}`;
  return Object.assign(new Error(message), { code: answer.code, details, metadata });
}

/** A trailer holds printable ASCII; the rest is percent-encoded. */
function toTrailer(value: string): string {
  return value.replace(/[^ -~]+/gu, (run) =>
    Buffer.from(run).toString('hex').replace(/../g, '%$&'),
  );
}
