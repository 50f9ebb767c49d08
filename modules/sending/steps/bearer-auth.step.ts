import type { SendStep } from '../exchange.js';
import { SendFailure } from '../send-failure.js';

/** `b64token` of RFC 6750, section 2.1, and the printable characters that issuers use beyond it. */
const BEARER_TOKEN = /^[\x21-\x7e]+$/;

/** Adds `authorization: Bearer` where the webhook has a bearer token. */
export const bearerAuth: SendStep = (next) => (exchange) => {
  const token = exchange.request.bearerToken;
  if (token === null) return next(exchange);
  if (!BEARER_TOKEN.test(token)) {
    throw new SendFailure('invalid_request', 'the bearer token holds characters that none may');
  }
  exchange.headers.push('authorization', `Bearer ${token}`);
  exchange.secrets.push(token);
  return next(exchange);
};
