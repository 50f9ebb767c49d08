import type { RecordedEvent } from '@eventstore/db-client';
import type { Webhook } from '../registry/index.js';

/**
 * Takes an observed event to its deliveries. Resolves when each of them is in the log, so that the event may be
 * acknowledged; rejects when the event has to come again.
 */
export type DispatchObserved = (dispatch: {
  readonly event: RecordedEvent;
  readonly tenantId: string | null;
  readonly webhooks: readonly Webhook[];
  readonly mayBeRedelivered: boolean;
  readonly receivedAt: number;
}) => Promise<void>;

export const DISPATCH_OBSERVED = Symbol('posthorn.DispatchObserved');
