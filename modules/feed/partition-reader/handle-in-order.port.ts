import type { AllStreamRecordedEvent } from '@eventstore/db-client';

/** Where an event is handled. */
export interface InOrderContext {
  readonly partition: number;
  /**
   * Aborted when this instance no longer owns the partition: another one may handle the event. From then on nothing new
   * may be begun for it; what the handler returns decides nothing.
   */
  readonly signal: AbortSignal;
}

/**
 * Handles an event of the application. Called for the events of one source stream one after the other, in the order of
 * the stream: the next one is handled when the promise for this one has resolved. Streams do not wait for one another.
 *
 * Resolves when the event's outcome, or that it is held back, is durable elsewhere. It must not wait until an event that is
 * held back may go on: the checkpoint stays behind an event for as long as it is being handled, and the reader holds only
 * a bounded number of them.
 *
 * When it rejects it is called again for the same event, after a pause that grows, until it resolves. It is called at
 * least once for each event; again after a crash, or when a lease was lost.
 */
export type HandleInOrder = (
  event: AllStreamRecordedEvent,
  context: InOrderContext,
) => Promise<void>;
