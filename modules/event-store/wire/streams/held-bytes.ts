import { CallStatus } from '../errors/call-status.js';
import { status } from '@grpc/grpc-js';

/** How many bytes wait for the rest of their appends. Complete ones are counted by the engine, which makes clients wait. */
export class HeldBytes {
  readonly #maxBytes: number;
  #bytes = 0;

  /** @param maxBytes most that all clients together may have waiting */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** @throws CallStatus `RESOURCE_EXHAUSTED` if it is too much; nothing is added then */
  add(bytes: number): void {
    if (this.#bytes + bytes > this.#maxBytes) {
      throw new CallStatus(status.RESOURCE_EXHAUSTED, 'Too many appends are not complete');
    }
    this.#bytes += bytes;
  }

  release(bytes: number): void {
    this.#bytes -= bytes;
  }
}
