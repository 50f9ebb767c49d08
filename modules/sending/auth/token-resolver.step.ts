import type { Clock } from '../../kernel/index.js';
import type { SendStep } from '../exchange.js';
import { SendFailure } from '../send-failure.js';
import type { ResolvedAuth } from '../sender.js';
import { authorized, isAccessToken } from './authorized.js';
import { Patience } from './patience.js';
import { tokenFailure } from './token-failure.js';

/** A resolver of tokens has this time, or what the deadline of the attempt leaves it. */
export const RESOLVER_TIMEOUT_MS = 10_000;

/**
 * Adds the token that a function of the application gives for the request. Without one the delivery waits, and so it does
 * when the function throws or takes too long: whose words may be recorded nobody knows, so none are.
 */
export function tokenResolver(clock: Clock): SendStep {
  const patience = new Patience(clock);
  return (next) => async (exchange) => {
    const { auth, timeoutMs } = exchange.request;
    if (auth.type !== 'resolver') return next(exchange);
    const deadline = clock.monotonic() + timeoutMs;
    const token = await patience.wait(resolved(auth), {
      timeoutMs: Math.min(RESOLVER_TIMEOUT_MS, timeoutMs),
      signal: exchange.signal,
      lateness: () => tokenFailure('postpone', 'the token resolver gave no answer in time'),
    });
    return next(authorized(exchange, token, deadline - clock.monotonic()));
  };
}

async function resolved({ resolve }: ResolvedAuth): Promise<string> {
  const token = await outcomeOf(resolve);
  if (token === null || token === undefined) {
    throw new SendFailure('no_token', 'the token resolver has no token for this event now');
  }
  if (isAccessToken(token)) return token;
  throw tokenFailure('retry', 'what the token resolver gave is no token');
}

async function outcomeOf(resolve: ResolvedAuth['resolve']): Promise<unknown> {
  try {
    return await resolve();
  } catch (error) {
    if (error instanceof SendFailure) throw error;
    throw tokenFailure('postpone', 'the token resolver failed');
  }
}
