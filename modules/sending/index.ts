export type { EgressFetch, EgressFetchInit } from './egress-fetch.js';
export type { Dispatch, Exchange, SendStep } from './exchange.js';
export { parseEgressProxy } from './network/egress-proxy.js';
export type { SocketOpener } from './network/outlet.js';
export type { Resolver } from './network/resolver.js';
export { SendFailure } from './send-failure.js';
export {
  type AttemptErrorClass,
  type AttemptResult,
  type AttemptVerdict,
  type Carry,
  type OutgoingRequest,
  type RequestAuth,
  SENDER,
  type Sender,
} from './sender.js';
export { EGRESS_FETCH, SendingModule } from './sending.module.js';
export type { SendingOptions } from './sending.options.js';
export type { SigningProfile } from './signing/signing-profile.js';
export { type Envelope, envelope } from './envelope/envelope.js';
export {
  transformed,
  TransformedBody,
  type TransformedBodyOptions,
} from './envelope/transformed.js';
export { UndiciSender } from './undici-sender.js';
