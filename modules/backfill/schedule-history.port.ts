import type { RecordedEvent } from '@eventstore/db-client';
import type { Webhook } from '../registry/index.js';

/** Records a delivery of an event of the past, unless it is recorded already. Resolves when it is in the log. */
export type ScheduleHistory = (past: {
  readonly event: RecordedEvent;
  readonly tenantId: string | null;
  readonly webhook: Webhook;
}) => Promise<void>;

export const SCHEDULE_HISTORY = Symbol('posthorn.ScheduleHistory');
