import type { ErrorDefinitions } from './error-definition.js';

export const API_ERRORS = {
  PSH_API_INVALID_INPUT: {
    status: 400,
    title: 'The request holds something that is not understood',
    fix: 'Mend every problem listed; /api/docs describes each field.',
  },
  PSH_API_MALFORMED_BODY: {
    status: 400,
    title: 'The body is not JSON in UTF-8',
    fix: 'Send one JSON value in UTF-8, with nothing before or after it.',
  },
  PSH_API_BODY_TOO_DEEP: {
    status: 400,
    title: 'The body is nested too deeply',
    fix: 'Nest objects and arrays at most 128 levels deep.',
  },
  PSH_API_BODY_TOO_LARGE: {
    status: 413,
    title: 'The body is larger than the server reads',
    fix: 'Send less at once, or raise POSTHORN_MAX_BODY_BYTES.',
  },
  PSH_API_UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    title: 'The body is not of a type that is understood',
    fix: 'Send JSON in UTF-8, uncompressed or as gzip, deflate or br, with `Content-Type: application/json`.',
  },
  PSH_API_BAD_REQUEST: {
    status: 400,
    title: 'The request is not valid HTTP',
    fix: 'Check the path, the headers and their size.',
  },
  PSH_API_UNAUTHORIZED: {
    status: 401,
    title: 'The request carries no valid token',
    fix: 'Send `Authorization: Bearer ...` with the API token; the log names its file at start.',
  },
  PSH_API_ROUTE_NOT_FOUND: {
    status: 404,
    title: 'There is nothing at this path for this method',
    fix: 'Look up the path and the method in /api/docs.',
  },
  PSH_API_RESERVED_STREAM: {
    status: 400,
    title: 'The stream belongs to the event store or to Posthorn itself',
    fix: 'Append to a stream of your own: its name begins neither with `$` nor with the prefix of Posthorn.',
  },
  PSH_API_WRONG_EXPECTED_REVISION: {
    status: 409,
    title: 'The stream is not at the expected revision',
    fix: 'Read `currentRevision`, decide again, and repeat with it as the expected revision.',
  },
  PSH_API_STREAM_DELETED: {
    status: 410,
    title: 'The stream was deleted for ever',
    fix: 'Append to a stream with another name: a tombstone is never lifted.',
  },
  PSH_API_APPEND_TOO_LARGE: {
    status: 413,
    title: 'The events are larger than the event store takes in one append',
    fix: 'Append fewer events at once, or smaller ones.',
  },
  PSH_API_OUTCOME_UNKNOWN: {
    status: 503,
    title: 'Whether it took effect is not known',
    fix: 'Repeat the request with the same event ids: what is stored already is not stored again.',
  },
  PSH_API_UNAVAILABLE: {
    status: 503,
    title: 'The service cannot do this at the moment',
    fix: 'Repeat the request later, events with the same ids: a connection that was lost may have taken them. GET /api/v1/health/ready tells what is missing.',
  },
} as const satisfies ErrorDefinitions;
