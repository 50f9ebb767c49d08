export type { Dispatch, Exchange, SendStep } from './exchange.js';
export type { SocketOpener } from './network/dialer.js';
export type { Resolver } from './network/resolver.js';
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
export {
  type EnvelopeInput,
  STANDARD_CONTENT_TYPE,
  standardEnvelope,
} from './standard-envelope.js';
export { UndiciSender } from './undici-sender.js';
