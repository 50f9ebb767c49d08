export { BackfillModule, type BackfillModuleOptions } from './backfill.module.js';
export { Backfills } from './backfills.js';
export { SCHEDULE_HISTORY, type ScheduleHistory } from './schedule-history.port.js';
