import type { ErrorDefinitions } from './error-definition.js';

export const EVENT_STORE_ERRORS = {
  PSH_EVENT_STORE_FOLDER_IN_USE: {
    status: 503,
    title: 'The folder of the embedded event store is owned by another process',
    fix: 'Stop the process that is named, or give this one a data folder of its own.',
  },
  PSH_EVENT_STORE_FOLDER_NOT_WRITABLE: {
    status: 503,
    title: 'The folder of the embedded event store cannot be written',
    fix: 'Give the user of this process the right to create files there, or choose another data folder.',
  },
  PSH_EVENT_STORE_DISK_FULL: {
    status: 503,
    title: 'The embedded event store cannot be opened because its disk is full',
    fix: 'Make room on the disk of the data folder, then start again.',
  },
  PSH_EVENT_STORE_NEWER_FORMAT: {
    status: 503,
    title: 'The embedded event store was written by a newer version of Posthorn',
    fix: 'Run that version, or a newer one; the files were left as they are.',
  },
  PSH_EVENT_STORE_CORRUPT: {
    status: 503,
    title: 'The file of the embedded event store is damaged, or is something else',
    fix: 'Restore the data folder from a backup; the files were left as they are.',
  },
  PSH_EVENT_STORE_FAILED: {
    status: 503,
    title: 'The embedded event store stopped working in this process',
    fix: 'End the process and start it again: the store recovers when it is opened.',
  },
  PSH_EVENT_STORE_ADDRESS_NOT_AVAILABLE: {
    status: 503,
    title: 'The event store cannot listen at this address',
    fix: 'Choose another host or port, stop what uses it, or mend the certificate and its key.',
  },
  PSH_EVENT_STORE_INVALID_OPTIONS: {
    status: 400,
    title: 'The options of the event store are not usable',
    fix: 'Mend every problem listed.',
  },
} as const satisfies ErrorDefinitions;
