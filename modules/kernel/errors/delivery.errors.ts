import type { ErrorDefinitions } from './error-definition.js';

export const DELIVERY_ERRORS = {
  PSH_DELIVERY_NOT_FOUND: {
    status: 404,
    title: 'There is no delivery with this id',
    fix: 'Take the id from the list of deliveries; deliveries that were purged are gone for good.',
  },
  PSH_DELIVERY_SUCCEEDED: {
    status: 409,
    title: 'The delivery has succeeded and cannot be discarded',
    fix: 'Discard only deliveries that are open or dead-lettered.',
  },
  PSH_DELIVERY_NOT_REPLAYABLE: {
    status: 409,
    title: 'The webhook of this delivery does not allow replays',
    fix: 'Define the webhook as replayable first.',
  },
  PSH_DELIVERY_WEBHOOK_REMOVED: {
    status: 409,
    title: 'The webhook of this delivery was removed',
    fix: 'Register the webhook again; its new registration has deliveries of its own.',
  },
  PSH_DELIVERY_PURGED: {
    status: 410,
    title: 'The delivery was purged',
    fix: 'Nothing can be done with a delivery whose retention has ended.',
  },
  PSH_DELIVERY_CONTENDED: {
    status: 503,
    title: 'The delivery changed again and again while the command was decided',
    fix: 'Try again.',
  },
  PSH_DELIVERY_DRAINING: {
    status: 503,
    title: 'This instance is shutting down and takes no more work',
    fix: 'Send the command to another instance, or again after the restart.',
  },
} as const satisfies ErrorDefinitions;
