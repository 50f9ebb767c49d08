import type { MessagePort } from 'node:worker_threads';
import { type ErrorCode, isPosthornError } from '../../modules/kernel/index.js';

/** What a thread offers: one argument in, one result out, both plain data. */
export type ThreadMethods = Readonly<Record<string, (argument: never) => unknown>>;

export interface ThreadCall {
  readonly id: number;
  readonly method: string;
  readonly argument: unknown;
}

/** An error on its way between threads. */
export interface ThreadFailure {
  readonly code: ErrorCode;
  readonly message: string;
}

export type ThreadReply =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly failure: ThreadFailure };

/**
 * Answers the calls of a `ThreadClient`, one after the other.
 *
 * @param otherwise code for an error that is not a `PosthornError`
 */
export function answerCalls(
  port: MessagePort,
  methods: ThreadMethods,
  otherwise: ErrorCode = 'PSH_KERNEL_INTERNAL',
): void {
  port.on('message', ({ id, method, argument }: ThreadCall) => {
    let reply: ThreadReply;
    try {
      const handler = methods[method] as ((argument: unknown) => unknown) | undefined;
      if (!handler) throw new TypeError(`there is no method ${method}`);
      reply = { id, value: handler(argument) };
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      reply = { id, failure: { code: isPosthornError(error) ? error.code : otherwise, message } };
    }
    port.postMessage(reply);
  });
}
