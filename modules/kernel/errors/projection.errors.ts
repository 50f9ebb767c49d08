import type { ErrorDefinitions } from './error-definition.js';

export const PROJECTION_ERRORS = {
  PSH_PROJECTION_LAGGING: {
    status: 503,
    title: 'The read model has not reached the asked position in time',
    fix: 'Ask again in a moment, or without a minimum position to see what is there now.',
  },
  PSH_PROJECTION_POSITION_INVALID: {
    status: 400,
    title: 'The minimum position is not a position in the log',
    fix: 'Give the position that a command answered with, unchanged.',
  },
  PSH_PROJECTION_QUERY_INVALID: {
    status: 400,
    title: 'The query is not valid',
    fix: 'Correct the fields that are listed.',
  },
  PSH_PROJECTION_CURSOR_INVALID: {
    status: 400,
    title: 'The cursor is not one of this query',
    fix: 'Give the nextCursor of the page before, unchanged and with the same filters.',
  },
  PSH_PROJECTION_UNAVAILABLE: {
    status: 503,
    title: 'The read model cannot be read at the moment',
    fix: 'Ask again in a moment; if it persists, look for the reason in the log.',
  },
  PSH_PROJECTION_EVENT_REFUSED: {
    status: 500,
    title: 'A projection could not apply an event of the log',
    fix: 'The named event is not one that Posthorn wrote, or Posthorn has a defect: report it. The read model stands still and tries again.',
  },
  PSH_PROJECTION_FILE_DAMAGED: {
    status: 503,
    title: 'The file of the read model is damaged',
    fix: 'It is deleted and rebuilt from the log without further ado; check the disk if it happens again.',
  },
  PSH_PROJECTION_POSITION_TOO_LARGE: {
    status: 500,
    title: 'A position of the log is beyond what the read model can hold',
    fix: 'The read model holds positions below 2^53 (a log of 9 petabytes): move to a new log.',
  },
} as const satisfies ErrorDefinitions;
