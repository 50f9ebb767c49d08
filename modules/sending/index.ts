export type { Dispatch, Exchange, SendStep } from './exchange.js';
export type { SocketOpener } from './network/dialer.js';
export { NetworkPolicy } from './network/network-policy.js';
export type { Resolver } from './network/resolver.js';
export { SendFailure } from './send-failure.js';
export {
  type AttemptErrorClass,
  type AttemptResult,
  type AttemptVerdict,
  type OutgoingRequest,
  SENDER,
  type Sender,
} from './sender.js';
export { SendingModule } from './sending.module.js';
export type { SendingOptions } from './sending.options.js';
export { parseSigningSecret } from './signing/signing-secret.js';
export {
  DEFAULT_MAX_BODY_BYTES,
  type EnvelopeInput,
  STANDARD_CONTENT_TYPE,
  standardEnvelope,
} from './standard-envelope.js';
export { isReservedHeader } from './steps/static-headers.step.js';
export { UndiciSender } from './undici-sender.js';
