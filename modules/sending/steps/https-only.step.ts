import type { SendStep } from '../exchange.js';
import { SendFailure } from '../send-failure.js';

/** Refuses `http://` before anything is dialled. */
export const httpsOnly: SendStep = (next) => (exchange) => {
  if (!exchange.target.isSecure) {
    throw new SendFailure('insecure_url', 'the URL is not https, and http is not allowed');
  }
  return next(exchange);
};
