import { Logger } from '@nestjs/common';
import { EngineError, type EngineErrorDetail } from '../../embedded/event-log.js';
import { SubscriptionError } from '../../persistent-subscriptions/subscription-error.js';
import {
  CallStatus,
  handlerFailed,
  invalidArgument,
  maximumAppendSizeExceeded,
  streamDeleted,
  unavailable,
  wrongExpectedVersion,
} from './call-status.js';
import { subscriptionStatus } from './subscription-status.js';

const logger = new Logger('WireServer');

/** How a call ends that failed with `error`. What nobody foresaw goes to the log, and to the client without its text. */
export function toCallStatus(error: unknown): CallStatus {
  if (error instanceof CallStatus) return error;
  if (error instanceof EngineError) return engineStatus(error.detail);
  if (error instanceof SubscriptionError) return subscriptionStatus(error);
  logger.error(error);
  return handlerFailed();
}

function engineStatus(detail: EngineErrorDetail): CallStatus {
  switch (detail.kind) {
    case 'wrong-expected-version':
      return wrongExpectedVersion(detail.stream, detail.expected, detail.current);
    case 'stream-deleted':
      return streamDeleted(detail.stream);
    case 'append-too-large':
      return maximumAppendSizeExceeded(detail.maxBytes);
    case 'invalid-argument':
      return invalidArgument(detail.message);
    case 'unavailable':
    case 'outcome-unknown':
      return unavailable(detail.message);
  }
}
