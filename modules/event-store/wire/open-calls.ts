import { type CallStatus, cancelled, unavailable } from './errors/call-status.js';

/** A long call as the server's end sees it. */
export interface OpenCall {
  /** Takes nothing more from the client; resolves when what it took is done and answered. */
  settled?(): Promise<void>;
  end(status: CallStatus): void;
}

/** What those are told whose call the end of the server ends. */
export const EVENT_STORE_IS_CLOSING = 'The event store is closing';

/** How calls of a kind end when the server closes. */
export const AT_CLOSE = {
  /** The client drops its connection, rediscovers and tries again. */
  unavailable: () => unavailable(EVENT_STORE_IS_CLOSING),
  /** What official clients expect of the call that carries their appends. */
  cancelled: () => cancelled(EVENT_STORE_IS_CLOSING),
} as const;

/** The calls that end only when somebody ends them. */
export class OpenCalls {
  readonly #calls = new Map<OpenCall, keyof typeof AT_CLOSE>();
  #isClosing = false;

  /** Once the server closes, a call ends as it begins. @returns what forgets it, when it has ended otherwise */
  add(call: OpenCall, atClose: keyof typeof AT_CLOSE): () => void {
    if (this.#isClosing) call.end(AT_CLOSE[atClose]());
    else this.#calls.set(call, atClose);
    return () => {
      this.#calls.delete(call);
    };
  }

  /** Ends them all, each after what it had taken from its client is answered. */
  async close(): Promise<void> {
    this.#isClosing = true;
    await Promise.all(
      [...this.#calls].map(async ([call, atClose]) => {
        await call.settled?.();
        call.end(AT_CLOSE[atClose]());
      }),
    );
  }
}
