export { type DeadLetterFilter, type DeadLetters } from './dead-letters.port.js';
export { PAST_DELIVERIES, type PastDeliveries } from './past-deliveries.port.js';
export {
  CancelReplay,
  ChangeReplayRate,
  PauseReplay,
  ReplayDeadLetters,
  ResumeReplay,
  StartReplay,
} from './replay.commands.js';
export type {
  ReplayEvent,
  ReplayFrom,
  ReplayLifeEvent,
  ReplayMode,
  ReplaySource,
  ReplayTo,
} from './replay.events.js';
export { ReplayModule, type ReplayModuleOptions } from './replay.module.js';
export { registrationReplayId } from './registration-replays.js';
export { GetReplay, GetReplays } from './replay.queries.js';
export type { GetReplaysOptions } from './replay-index.port.js';
export type { ReplayedHistory, ReplayItem, ReplayProgressItem } from './replay-item.js';
export { ReplayRecorded } from './replay-journal.js';
export type { ReplayStatus } from './replay-record.events.js';
export type { StartReplayRequest } from './replay-request.js';
export {
  type ReplayCommandOptions,
  type ReplayCommandResult,
  type ReplayDeadLettersRequest,
  type ReplaysPage,
  ReplaysService,
} from './replays.service.js';
export { ReplayRunner } from './running/replay-runner.js';
