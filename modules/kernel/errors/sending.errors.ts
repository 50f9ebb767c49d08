import type { ErrorDefinitions } from './error-definition.js';

export const SENDING_ERRORS = {
  PSH_SENDING_INVALID_OPTIONS: {
    status: 500,
    title: 'The options of the sending module are not valid',
    fix: 'Correct every option named in `problems`.',
  },
  PSH_SENDING_INVALID_SECRET: {
    status: 422,
    title: 'A signing secret cannot be used',
    fix: 'Use `whsec_` and the base64 of 24 to 64 random bytes, or `whsk_` and that of an ed25519 private key.',
  },
  PSH_SENDING_POISON_EVENT: {
    status: 422,
    title: 'The event cannot be turned into a request',
    fix: 'Append events with JSON data, or exclude this event type from the webhook.',
  },
  PSH_SENDING_BODY_TOO_LARGE: {
    status: 413,
    title: 'The event makes a request body larger than the limit',
    fix: 'Append smaller events that link to large content, or raise the limit.',
  },
} as const satisfies ErrorDefinitions;
