import type { SendStep } from '../exchange.js';

/**
 * Adds `content-type`, what the envelope tells in headers, and `webhook-replay: true` where a replay asked for the
 * attempt.
 */
export const contentHeaders: SendStep = (next) => (exchange) => {
  const { contentType, envelopeHeaders = {}, isReplay } = exchange.request;
  exchange.headers.push('content-type', contentType);
  for (const name in envelopeHeaders) exchange.headers.push(name, envelopeHeaders[name] ?? '');
  if (isReplay === true) exchange.headers.push('webhook-replay', 'true');
  return next(exchange);
};
