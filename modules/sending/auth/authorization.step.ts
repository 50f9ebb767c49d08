import type { SendStep } from '../exchange.js';
import { SendFailure } from '../send-failure.js';
import type { RequestAuth } from '../sender.js';

/** `b64token` of RFC 6750, section 2.1, and the printable characters that issuers use beyond it. */
const BEARER_TOKEN = /^[\x21-\x7e]+$/;

/** Adds the `authorization` header of webhooks whose credentials do not change. */
export const authorization: SendStep = (next) => (exchange) => {
  const credentials = credentialsOf(exchange.request.auth);
  if (!credentials) return next(exchange);
  exchange.headers.push('authorization', `${credentials.scheme} ${credentials.text}`);
  exchange.secrets.push(...credentials.secrets);
  return next(exchange);
};

interface Credentials {
  readonly scheme: 'Basic' | 'Bearer';
  readonly text: string;
  /** What must not be recorded, should the endpoint answer with it. */
  readonly secrets: readonly string[];
}

function credentialsOf(auth: RequestAuth): Credentials | undefined {
  switch (auth.type) {
    case 'none':
    case 'oauth2': // these have steps of their own
    case 'resolver':
      return undefined;
    case 'bearer':
      if (!BEARER_TOKEN.test(auth.token)) {
        throw new SendFailure('invalid_request', 'the bearer token holds characters that none may');
      }
      return { scheme: 'Bearer', text: auth.token, secrets: [auth.token] };
    case 'basic': {
      const text = Buffer.from(`${auth.username}:${auth.password}`, 'utf8').toString('base64');
      const secrets = auth.password === '' ? [text] : [text, auth.password];
      return { scheme: 'Basic', text, secrets };
    }
  }
}
