import type { ErrorDefinitions } from './error-definition.js';

export const FEED_ERRORS = {
  PSH_FEED_TENANT_MISMATCH: {
    status: 500,
    title: 'The tenant in the metadata of an event is not the one its resolver gives',
    fix: 'Mend the resolver or what writes the metadata; the event is quarantined and reaches no webhook.',
  },
  PSH_FEED_TENANT_INVALID: {
    status: 500,
    title: 'The tenant of an event is not a text of 1 to 256 characters',
    fix: 'Mend what writes the metadata, or the resolver; the event is quarantined and reaches no webhook.',
  },
  PSH_FEED_PARTITIONS_CHANGED: {
    status: 500,
    title: 'The number of partitions differs from the one with which ordered consumption began',
    fix: 'Set the number of partitions back: with another one, events of one stream would overtake one another.',
  },
  PSH_FEED_INVALID_OPTIONS: {
    status: 400,
    title: 'The options of ordered consumption are not usable',
    fix: 'Mend every problem listed.',
  },
} as const satisfies ErrorDefinitions;
