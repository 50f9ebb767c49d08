import type { handleClientStreamingCall } from '@grpc/grpc-js';
import { EngineError, type ExpectedRevision } from '../../embedded/event-log.js';
import type { Caller } from '../access/caller.js';
import { type CallStatus, handlerFailed } from '../errors/call-status.js';
import { toCallStatus } from '../errors/to-call-status.js';
import type { streams } from '../protocol.js';
import type { WireContext } from '../rpc.js';
import type { AppendRequest } from './append-request.js';
import { appendedResponse, wrongVersionResponse } from './append-response.js';
import { checkTarget } from './append-target.js';
import { toExpectedRevision } from './expected-revision.js';
import { ProposedEvents } from './proposed-events.js';

type AppendCall = handleClientStreamingCall<AppendRequest, streams.AppendResp>;
type Answer = Parameters<AppendCall>[1];

/** Streams.Append: one append per call, the options first, then event by event. */
export function appendCall(context: WireContext): AppendCall {
  return (call, callback) => {
    const answer = once(callback);
    const fail = (error: unknown): void => {
      answer(toCallStatus(error));
    };
    const attempt = (step: () => void): void => {
      try {
        step();
      } catch (error) {
        fail(error);
      }
    };
    attempt(() => {
      const append = new IncomingAppend(context, context.callers.admit(call.metadata));
      const forget = context.openCalls.add(
        { settled: () => append.settled(), end: fail },
        'unavailable',
      );
      call.once('close', () => {
        forget();
        append.release();
      });
      call.on('data', (request: AppendRequest) => {
        attempt(() => {
          append.take(request);
        });
      });
      call.on('end', () => {
        append.submit().then((response) => {
          answer(null, response);
        }, fail);
      });
    });
  };
}

/** A client that goes on sending after the answer must not get a second one. */
function once(callback: Answer): Answer {
  let isAnswered = false;
  return (error, response) => {
    if (isAnswered) return;
    isAnswered = true;
    callback(error, response);
  };
}

interface Target {
  readonly stream: string;
  readonly expected: ExpectedRevision;
  /** Whether the caller may write it, where that has to be looked up. */
  readonly access: Promise<void> | undefined;
}

class IncomingAppend {
  readonly #context: WireContext;
  readonly #caller: Caller;
  readonly #proposed: ProposedEvents;
  #target: Target | undefined;
  #failure: CallStatus | undefined;
  #submission: Promise<streams.AppendResp> | undefined;

  constructor(context: WireContext, caller: Caller) {
    this.#context = context;
    this.#caller = caller;
    this.#proposed = new ProposedEvents(context.maxAppendBytes, context.heldBytes);
  }

  /** @throws CallStatus if the message is not one that may come now, or one event too much; later ones are ignored */
  take(request: AppendRequest): void {
    if (this.#failure) return;
    try {
      this.#take(request);
    } catch (error) {
      this.#failure = toCallStatus(error);
      throw this.#failure;
    }
  }

  submit(): Promise<streams.AppendResp> {
    return (this.#submission ??= this.#submit());
  }

  /** Lets go of what it holds: the call is over. */
  release(): void {
    this.#proposed.release();
  }

  /** Resolves when what was submitted, if anything, is decided. */
  async settled(): Promise<void> {
    await this.#submission?.catch(() => undefined);
  }

  #take({ options, proposed, sizeBytes }: AppendRequest): void {
    if (!this.#target && options) {
      const { stream } = options;
      checkTarget(stream);
      const access = this.#context.access.check(this.#caller, 'write', stream);
      access?.catch(() => undefined); // told when the append is submitted
      this.#target = { stream, expected: toExpectedRevision(options.expected), access };
    } else if (this.#target && proposed) {
      this.#proposed.add([proposed], sizeBytes);
    } else throw handlerFailed();
  }

  async #submit(): Promise<streams.AppendResp> {
    if (this.#failure) throw this.#failure;
    if (!this.#target) throw handlerFailed();
    const { stream, expected, access } = this.#target;
    const { events } = this.#proposed; // released when the client goes, which may be while this waits
    await access;
    await this.#context.room();
    try {
      return appendedResponse(await this.#context.log.append(stream, expected, events));
    } catch (error) {
      if (error instanceof EngineError && error.detail.kind === 'wrong-expected-version') {
        return wrongVersionResponse(error.detail);
      }
      throw error;
    }
  }
}
