import type { SendStep } from '../exchange.js';

/** Adds `content-type`, and `webhook-replay: true` where a replay asked for the attempt. */
export const contentHeaders: SendStep = (next) => (exchange) => {
  exchange.headers.push('content-type', exchange.request.contentType);
  if (exchange.request.isReplay === true) exchange.headers.push('webhook-replay', 'true');
  return next(exchange);
};
