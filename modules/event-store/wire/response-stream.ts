import type { ServerErrorResponse } from '@grpc/grpc-js';
import type { Writable } from 'node:stream';
import type { CallStatus } from './errors/call-status.js';

/** The writing side of a call that answers with many messages. */
export type RespondingCall = Writable & { readonly cancelled: boolean };

/** A message of this size is waited for, so that no more than one of them is held for a reader that does not read. */
const LARGE_BYTES = 16 * 1024;

/**
 * The responses of one call, as encoded messages, at the pace of whoever reads them: besides what is on its way at most the
 * call's own buffer waits (16 messages, one of them large), and what does not fit is not asked for.
 */
export class ResponseStream {
  readonly #call: RespondingCall;
  readonly #onOver: (() => void)[] = [];
  readonly #onRoom: (() => void)[] = [];
  #isOver = false;
  #largeCount = 0;
  #drained: (() => void) | undefined;

  constructor(call: RespondingCall) {
    this.#call = call;
    call.on('drain', () => {
      this.#room();
    });
    call.once('cancelled', () => {
      this.#over();
    });
  }

  /** Whether nothing can be sent any more: the call was cancelled, or has ended from this side. */
  get isOver(): boolean {
    return this.#isOver || this.#call.cancelled;
  }

  /** Whether nothing should be sent before `drained` resolves. */
  get isFull(): boolean {
    return this.#largeCount > 0 || this.#call.writableNeedDrain;
  }

  /** Calls `listener` once when the call is over, whoever ended it. */
  whenOver(listener: () => void): void {
    if (this.isOver) listener();
    else this.#onOver.push(listener);
  }

  /** Calls `listener` whenever there is room again after `write` returned `false`. */
  whenRoom(listener: () => void): void {
    this.#onRoom.push(listener);
  }

  /** Sends a message. @returns whether another may be sent before `drained` resolves */
  write(message: Buffer): boolean {
    if (this.isOver) return false;
    if (message.length < LARGE_BYTES) return this.#call.write(message) && !this.isFull;
    this.#largeCount++;
    this.#call.write(message, () => {
      this.#largeCount--;
      this.#room();
    });
    return false;
  }

  /** Resolves when another message may be sent, or the call is over. One waits at a time. */
  async drained(): Promise<void> {
    if (this.isOver || !this.isFull) return;
    await new Promise<void>((resolve) => {
      this.#drained = resolve;
    });
  }

  /** Sends a message once there is room for it; does nothing when the call is over. */
  async send(message: Buffer): Promise<void> {
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

  #room(): void {
    if (this.isFull) return;
    this.#wake();
    for (const listener of this.#onRoom) listener();
  }

  #wake(): void {
    this.#drained?.();
    this.#drained = undefined;
  }
}
