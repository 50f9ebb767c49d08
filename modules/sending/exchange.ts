import type { Target } from './network/target.js';
import type { TlsIdentity } from './network/tls.js';
import type { AttemptResult, OutgoingRequest } from './sender.js';

/** One request on its way through the steps: each adds to the headers what is its part. */
export interface Exchange {
  readonly request: OutgoingRequest;
  readonly target: Target;
  /** When the attempt began, in epoch milliseconds: the time that is signed. */
  readonly startedAt: number;
  /** Names and values in turn, in the order in which they are sent. */
  readonly headers: string[];
  /** Texts that must not be recorded, should the endpoint answer with them. */
  readonly secrets: string[];
  readonly signal: AbortSignal | undefined;
  /**
   * A client certificate or authorities of its own, which a step gives by handing on a copy of the exchange; `null`: what
   * all requests share.
   */
  readonly tls: TlsIdentity | null;
}

/** Sends what an exchange holds. Never rejects for anything the endpoint or the network does. */
export type Dispatch = (exchange: Exchange) => Promise<AttemptResult>;

/**
 * One concern around the dispatch, in the manner of undici's interceptors. It may change the exchange, look at the
 * result, or answer itself; a `SendFailure` that it throws becomes the result.
 */
export type SendStep = (next: Dispatch) => Dispatch;

/** The steps around `dispatch`, the first outermost. */
export function compose(steps: readonly SendStep[], dispatch: Dispatch): Dispatch {
  return steps.reduceRight((next, step) => step(next), dispatch);
}
