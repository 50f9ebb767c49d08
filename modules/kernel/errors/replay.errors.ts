import type { ErrorDefinitions } from './error-definition.js';

export const REPLAY_ERRORS = {
  PSH_REPLAY_NOT_FOUND: {
    status: 404,
    title: 'There is no replay with this id',
    fix: 'Take the id from the list of replays.',
  },
  PSH_REPLAY_INVALID: {
    status: 400,
    title: 'The replay cannot be done as it was asked for',
    fix: 'Mend every problem listed; nothing was recorded.',
  },
  PSH_REPLAY_ID_TAKEN: {
    status: 409,
    title: 'Another replay was started under this id',
    fix: 'Take another id, or none; the same request with the same id is answered with the replay it started.',
  },
  PSH_REPLAY_NOT_REPLAYABLE: {
    status: 409,
    title: 'The webhook does not allow replays',
    fix: 'Define the webhook as replayable first.',
  },
  PSH_REPLAY_ENDED: {
    status: 409,
    title: 'The replay has ended',
    fix: 'Start another replay; one that was completed or cancelled stays so.',
  },
  PSH_REPLAY_CONTENDED: {
    status: 503,
    title: 'The replay changed again and again while the command was decided',
    fix: 'Try again.',
  },
  PSH_REPLAY_OUTCOME_UNKNOWN: {
    status: 503,
    title: 'The event store did not answer in time: whether the command took effect is not known',
    fix: 'Repeat the command; give a replay an id of your own, and it is not started twice.',
  },
} as const satisfies ErrorDefinitions;
