import type { handleServerStreamingCall, handleUnaryCall } from '@grpc/grpc-js';
import type { Clock } from '../../kernel/index.js';
import type { CommitFeed } from '../embedded/commit-feed.js';
import type { EventLog } from '../embedded/event-log.js';
import type { PersistentSubscriptions } from '../persistent-subscriptions/persistent-subscriptions.js';
import type { Caller, Callers } from './caller.js';
import { toCallStatus } from './errors/to-call-status.js';
import type { OpenCalls } from './open-calls.js';
import { ResponseStream } from './response-stream.js';

/** What the calls of the server work on. */
export interface WireContext {
  readonly log: EventLog;
  readonly feed: CommitFeed;
  readonly persistentSubscriptions: PersistentSubscriptions;
  readonly clock: Clock;
  readonly callers: Callers;
  readonly openCalls: OpenCalls;
  /** Most bytes of event data that one append may carry. */
  readonly maxAppendBytes: number;
  /** Resolves when another append may be prepared; `undefined` if it may at once. */
  readonly room: () => Promise<void> | undefined;
}

/** A call with one request and one response, for those who are admitted. */
export function unaryCall<Request, Response>(
  context: WireContext,
  handle: (request: Request, caller: Caller) => Promise<Response>,
): handleUnaryCall<Request, Response> {
  return (call, callback) => {
    const answer = async (): Promise<Response> =>
      handle(call.request, context.callers.admit(call.metadata));
    answer().then(
      (response) => {
        callback(null, response);
      },
      (error: unknown) => {
        callback(toCallStatus(error));
      },
    );
  };
}

/** A call with one request and many responses, for those who are admitted. It ends when `handle` does. */
export function streamingCall<Request, Response>(
  context: WireContext,
  handle: (request: Request, responses: ResponseStream<Response>) => Promise<void>,
): handleServerStreamingCall<Request, Response> {
  return (call) => {
    const responses = new ResponseStream<Response>(call);
    const forget = context.openCalls.add(
      {
        end: (status) => {
          responses.fail(status);
        },
      },
      'unavailable',
    );
    responses.whenOver(forget);
    const answer = async (): Promise<void> => {
      context.callers.admit(call.metadata);
      await handle(call.request, responses);
    };
    answer().then(
      () => {
        responses.end();
      },
      (error: unknown) => {
        responses.fail(toCallStatus(error));
      },
    );
  };
}
