import type { ServerErrorResponse } from '@grpc/grpc-js';
import type { Writable } from 'node:stream';
import type { CallStatus } from './errors/call-status.js';

/** The writing side of a call that answers with many messages. */
export type RespondingCall = Writable & { readonly cancelled: boolean };

/**
 * The responses of one call, at the pace of whoever reads them: at most the call's own buffer (16 messages) waits, and
 * what does not fit is not asked for.
 */
export class ResponseStream<Message> {
  readonly #call: RespondingCall;
  readonly #onOver: (() => void)[] = [];
  #isOver = false;
  #drained: (() => void) | undefined;

  constructor(call: RespondingCall) {
    this.#call = call;
    call.on('drain', () => {
      this.#wake();
    });
    call.once('cancelled', () => {
      this.#over();
    });
  }

  /** Whether nothing can be sent any more: the call was cancelled, or has ended from this side. */
  get isOver(): boolean {
    return this.#isOver || this.#call.cancelled;
  }

  /** Calls `listener` once when the call is over, whoever ended it. */
  whenOver(listener: () => void): void {
    if (this.isOver) listener();
    else this.#onOver.push(listener);
  }

  /** Sends a message. @returns whether another may be sent before `drained` resolves */
  write(message: Message): boolean {
    return !this.isOver && this.#call.write(message);
  }

  /** Resolves when another message may be sent, or the call is over. One waits at a time. */
  async drained(): Promise<void> {
    if (this.isOver || !this.#call.writableNeedDrain) return;
    await new Promise<void>((resolve) => {
      this.#drained = resolve;
    });
  }

  /** Sends a message once there is room for it; does nothing when the call is over. */
  async send(message: Message): Promise<void> {
    await this.drained();
    this.write(message);
  }

  /** Ends the call, after everything that was written. */
  end(): void {
    if (this.isOver) return;
    this.#over();
    this.#call.end();
  }

  /** Ends the call with an error, after everything that was written. */
  fail(status: CallStatus): void {
    if (this.isOver) return;
    this.#over();
    this.#call.emit('error', status satisfies ServerErrorResponse);
  }

  #over(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#wake();
    for (const listener of this.#onOver.splice(0)) listener();
  }

  #wake(): void {
    this.#drained?.();
    this.#drained = undefined;
  }
}
