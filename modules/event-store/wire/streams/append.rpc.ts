import type { handleClientStreamingCall } from '@grpc/grpc-js';
import { EngineError, type ExpectedRevision } from '../../embedded/event-log.js';
import { type CallStatus, handlerFailed } from '../errors/call-status.js';
import { toCallStatus } from '../errors/to-call-status.js';
import type { streams } from '../protocol.js';
import type { WireContext } from '../rpc.js';
import { streamNameOf } from '../wire-text.js';
import { appendedResponse, wrongVersionResponse } from './append-response.js';
import { checkTarget } from './append-target.js';
import { expectedRevisionOf } from './expected-revision.js';
import { ProposedEvents } from './proposed-events.js';

type AppendCall = handleClientStreamingCall<streams.AppendReq, streams.AppendResp>;
type Answer = Parameters<AppendCall>[1];

/** Streams.Append: one append per call, the options first, then event by event. */
export function appendCall(context: WireContext): AppendCall {
  return (call, callback) => {
    const answer = once(callback);
    const fail = (error: unknown): void => {
      answer(toCallStatus(error));
    };
    const append = new IncomingAppend(context);
    const forget = context.openCalls.add(
      { settled: () => append.settled(), end: fail },
      'unavailable',
    );
    call.once('close', forget);
    const attempt = (step: () => void): void => {
      try {
        step();
      } catch (error) {
        fail(error);
      }
    };
    attempt(() => {
      context.callers.admit(call.metadata);
      call.on('data', (request: streams.AppendReq) => {
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

class IncomingAppend {
  readonly #context: WireContext;
  readonly #proposed: ProposedEvents;
  #target: { readonly stream: string; readonly expected: ExpectedRevision } | undefined;
  #failure: CallStatus | undefined;
  #submission: Promise<streams.AppendResp> | undefined;

  constructor(context: WireContext) {
    this.#context = context;
    this.#proposed = new ProposedEvents(context.maxAppendBytes);
  }

  /** @throws CallStatus if the message is not one that may come now, or one event too much; later ones are ignored */
  take(request: streams.AppendReq): void {
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

  /** Resolves when what was submitted, if anything, is decided. */
  async settled(): Promise<void> {
    await this.#submission?.catch(() => undefined);
  }

  #take(request: streams.AppendReq): void {
    const options = request.getOptions();
    const message = request.getProposedMessage();
    if (!this.#target && options) {
      const stream = streamNameOf(options.getStreamIdentifier());
      checkTarget(stream);
      this.#target = { stream, expected: expectedRevisionOf(options) };
    } else if (this.#target && message) {
      this.#proposed.add(message);
    } else throw handlerFailed();
  }

  async #submit(): Promise<streams.AppendResp> {
    if (this.#failure) throw this.#failure;
    if (!this.#target) throw handlerFailed();
    await this.#context.room();
    const { stream, expected } = this.#target;
    try {
      return appendedResponse(
        await this.#context.log.append(stream, expected, this.#proposed.events),
      );
    } catch (error) {
      if (error instanceof EngineError && error.detail.kind === 'wrong-expected-version') {
        return wrongVersionResponse(error.detail);
      }
      throw error;
    }
  }
}
