import type { handleBidiStreamingCall, ServerDuplexStream } from '@grpc/grpc-js';
import type { CallStatus } from '../errors/call-status.js';
import { toCallStatus } from '../errors/to-call-status.js';
import { ResponseStream } from '../response-stream.js';
import type { WireContext } from '../rpc.js';
import type { BatchAppendRequest } from './batch-append-request.js';
import { BatchAppends } from './batch-appends.js';

type Call = ServerDuplexStream<BatchAppendRequest, Buffer>;

/** Streams.BatchAppend: any number of appends at once over one call, told apart by correlation ids. */
export function batchAppendCall(
  context: WireContext,
): handleBidiStreamingCall<BatchAppendRequest, Buffer> {
  return (call) => {
    const responses = new ResponseStream(call);
    try {
      serve(context, call, responses);
    } catch (error) {
      responses.fail(toCallStatus(error));
    }
  };
}

/** @throws CallStatus `UNAUTHENTICATED` for a wrong name or password; without credentials each append is refused */
function serve(context: WireContext, call: Call, responses: ResponseStream): void {
  const caller = context.callers.identify(call.metadata);
  const appends = new BatchAppends(context, caller, (response) => {
    responses.write(response);
  });
  const end = (status: CallStatus): void => {
    appends.abandon();
    responses.fail(status);
  };
  const settled = async (): Promise<void> => {
    call.pause();
    call.removeAllListeners('data');
    await appends.settled();
  };
  const forget = context.openCalls.add({ settled, end }, 'cancelled');
  responses.whenOver(() => {
    forget();
    appends.abandon();
  });
  call.on('data', (request: BatchAppendRequest) => {
    appends.take(request);
    const room = context.room();
    if (!room && !responses.isFull) return;
    // what was read of the next requests waits in the call, and the client with it
    call.pause();
    void Promise.resolve(room)
      .then(() => responses.drained())
      .then(() => call.resume());
  });
  call.on('end', () => {
    void appends.settled().then(() => {
      appends.abandon();
      responses.end();
    });
  });
}
