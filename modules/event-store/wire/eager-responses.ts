import {
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
} from '@grpc/grpc-js';

/** So many bytes of a call may be on their way to the socket before its next message waits. */
const WINDOW_BYTES = 64 * 1024;

/**
 * Lets the messages of a call follow one another without waiting until each has been handed to the socket, so that many of
 * them share a write. Beyond the window they wait, so a reader that does not read is still felt at once.
 */
class EagerCall extends ServerInterceptingCall {
  #bytesUnderWay = 0;
  #next: (() => void) | undefined;

  override sendMessage(message: unknown, callback: () => void): void {
    const bytes = Buffer.isBuffer(message) ? message.length : WINDOW_BYTES;
    this.#bytesUnderWay += bytes;
    super.sendMessage(message, () => {
      this.#bytesUnderWay -= bytes;
      if (this.#bytesUnderWay < WINDOW_BYTES) this.#takeNext();
    });
    this.#next = callback;
    if (this.#bytesUnderWay < WINDOW_BYTES) this.#takeNext();
  }

  #takeNext(): void {
    const next = this.#next;
    this.#next = undefined;
    next?.();
  }
}

/** Makes every call of a server eager. */
export const eagerResponses: ServerInterceptor = (_method, call: ServerInterceptingCallInterface) =>
  new EagerCall(call);
