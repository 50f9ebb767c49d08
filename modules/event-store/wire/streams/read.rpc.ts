import { catchUpToAll } from '../../embedded/catch-up-to-all.js';
import { catchUpToStream } from '../../embedded/catch-up-to-stream.js';
import { metastreamOf } from '../../embedded/system-names.js';
import type { Caller } from '../access/caller.js';
import { toCallStatus } from '../errors/to-call-status.js';
import type { streams } from '../protocol.js';
import type { ResponseStream } from '../response-stream.js';
import { streamingCall, type WireContext } from '../rpc.js';
import { EventResponses } from './event-responses.js';
import { sendOfAll, sendStream } from './finite-read.js';
import { sendFollowed } from './followed-read.js';
import { parseReadRequest, type ReadRequest } from './read-request.js';

const ALL = '$all';

/** Streams.Read: finite reads and catch-up subscriptions, of a stream or of everything. */
export function readCall(context: WireContext) {
  return streamingCall<streams.ReadReq>(context, async (message, responses, caller) => {
    const { log, feed, access } = context;
    const request = parseReadRequest(message);
    const source = sourceOf(request);
    await access.check(caller, 'read', source);
    const events = new EventResponses(responses, access, caller, request.uuidForm);
    switch (request.kind) {
      case 'read-stream':
        await sendStream(log, request, events);
        return;
      case 'read-all':
        await sendOfAll(log, request, events);
        return;
      case 'subscribe-to-stream':
        watchAccess(context, caller, source, responses);
        await sendFollowed(catchUpToStream(log, feed, request), source, events);
        return;
      case 'subscribe-to-all':
        watchAccess(context, caller, source, responses);
        await sendFollowed(catchUpToAll(log, feed, request), source, events);
    }
  });
}

function sourceOf(request: ReadRequest): string {
  return 'stream' in request ? request.stream : ALL;
}

/** Ends a subscription as soon as its caller may not read the source any more. */
function watchAccess(
  { access, feed }: WireContext,
  caller: Caller,
  source: string,
  responses: ResponseStream,
): void {
  const unfollow = feed.followStream(metastreamOf(source), () => {
    access.check(caller, 'read', source)?.catch((error: unknown) => {
      responses.fail(toCallStatus(error));
    });
  });
  responses.whenOver(unfollow);
}
