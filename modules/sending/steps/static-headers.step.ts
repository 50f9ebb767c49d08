import { isHeaderName, isHeaderValue, isReservedHeader } from '../../kernel/index.js';
import type { Exchange, SendStep } from '../exchange.js';
import { SendFailure } from '../send-failure.js';
import type { OutgoingRequest } from '../sender.js';

/** Headers whose value is likely a credential: it is masked where the endpoint answers with it. */
const CREDENTIAL_NAME = /auth|cookie|credential|key|passw|secret|signature|token/;

/** Whether a header is the sender's own, so that a static header of this name (in lower case) is ignored. */
function isOwnHeader(name: string, { signingProfiles = [] }: OutgoingRequest): boolean {
  return (
    name.startsWith('webhook-') ||
    isReservedHeader(name) ||
    signingProfiles.some(({ headers }) => Object.values(headers).includes(name))
  );
}

/**
 * Adds the webhook's static headers. They may replace `user-agent`, and `authorization` where no other authentication is
 * defined; those that belong to the sender are ignored.
 *
 * @param userAgent sent when the webhook has no `user-agent` of its own
 */
export function staticHeaders(userAgent: string): SendStep {
  return (next) => (exchange) => {
    let hasUserAgent = false;
    for (const name of Object.keys(exchange.request.headers)) {
      const lowerCase = name.toLowerCase();
      if (isOwnHeader(lowerCase, exchange.request)) continue;
      if (lowerCase === 'authorization' && exchange.request.auth.type !== 'none') continue;
      if (lowerCase === 'user-agent') hasUserAgent = true;
      addHeader(exchange, lowerCase, exchange.request.headers[name] ?? '');
    }
    if (!hasUserAgent) exchange.headers.push('user-agent', userAgent);
    return next(exchange);
  };
}

function addHeader(exchange: Exchange, name: string, value: string): void {
  if (!isHeaderName(name)) throw new SendFailure('invalid_request', 'a header name is malformed');
  if (!isHeaderValue(value)) {
    throw new SendFailure('invalid_request', `the value of the header ${name} is malformed`);
  }
  if (CREDENTIAL_NAME.test(name)) exchange.secrets.push(value);
  exchange.headers.push(name, value);
}
