import type { ErrorDefinitions } from './error-definition.js';

export const EVENT_STORE_ERRORS = {
  PSH_EVENT_STORE_FOLDER_IN_USE: {
    status: 503,
    title: 'The data folder is owned by another process',
    fix: 'Stop the process that is named, or give this one a data folder of its own.',
  },
  PSH_EVENT_STORE_FOLDER_NOT_WRITABLE: {
    status: 503,
    title: 'The data folder cannot be written',
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
  PSH_EVENT_STORE_URL_INVALID: {
    status: 500,
    title: 'The connection string of the event store cannot be used',
    fix: 'Write it esdb://user:password@host:2113, or esdb+discover for a cluster; docs/event-store.md lists what may follow.',
  },
  PSH_EVENT_STORE_CLIENT_UNUSABLE: {
    status: 500,
    title: 'The client of the application cannot be used for Posthorn',
    fix: 'Make the client without throwOnAppendFailure=false: Posthorn has to be told of refused appends.',
  },
  PSH_EVENT_STORE_UNAUTHENTICATED: {
    status: 503,
    title: 'The event store does not know the user, or the password is another',
    fix: 'Put the name and the password of a user of the server into the connection string, percent-encoded.',
  },
  PSH_EVENT_STORE_ACCESS_DENIED: {
    status: 503,
    title: 'The user of the event store lacks a right that Posthorn needs',
    fix: 'Make the user a member of `$admins`; or of `$ops`, which may administer persistent subscriptions, and give it the right to read `$all`.',
  },
  PSH_EVENT_STORE_TLS_REFUSED: {
    status: 503,
    title: 'No trusted connection to the event store could be made',
    fix: 'Name the authority of the certificate with tlsCAFile, and the server as its certificate does; for a server without TLS say tls=false.',
  },
  PSH_EVENT_STORE_TOO_OLD: {
    status: 503,
    title: 'The server is too old for Posthorn',
    fix: 'Run EventStoreDB 23.10 or newer, or KurrentDB.',
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
