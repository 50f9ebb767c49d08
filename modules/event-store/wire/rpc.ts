import type { handleServerStreamingCall, handleUnaryCall } from '@grpc/grpc-js';
import type { Clock } from '../../kernel/index.js';
import type { CommitFeed } from '../embedded/commit-feed.js';
import type { EventLog } from '../embedded/event-log.js';
import type { PersistentSubscriptions } from '../persistent-subscriptions/persistent-subscriptions.js';
import type { Caller, Callers } from './access/caller.js';
import type { StreamAccess } from './access/stream-access.js';
import { toCallStatus } from './errors/to-call-status.js';
import type { OpenCalls } from './open-calls.js';
import type { HeldBytes } from './streams/held-bytes.js';
import { ResponseStream } from './response-stream.js';

/** What the calls of the server work on. */
export interface WireContext {
  readonly log: EventLog;
  readonly feed: CommitFeed;
  readonly persistentSubscriptions: PersistentSubscriptions;
  readonly clock: Clock;
  readonly callers: Callers;
  readonly access: StreamAccess;
  readonly openCalls: OpenCalls;
  /** What is held of appends that are not complete. */
  readonly heldBytes: HeldBytes;
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
export function streamingCall<Request>(
  context: WireContext,
  handle: (request: Request, responses: ResponseStream, caller: Caller) => Promise<void>,
): handleServerStreamingCall<Request, Buffer> {
  return (call) => {
    const responses = new ResponseStream(call);
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
      await handle(call.request, responses, context.callers.admit(call.metadata));
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
