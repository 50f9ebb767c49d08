import type { handleUnaryCall } from '@grpc/grpc-js';
import type { Caller } from '../access/caller.js';
import { streams } from '../protocol.js';
import { unaryCall, type WireContext } from '../rpc.js';
import { streamNameOf } from '../wire-text.js';
import { checkTarget } from './append-target.js';
import { sentRevisionOf, toExpectedRevision } from './expected-revision.js';

type Options = streams.DeleteReq.Options | streams.TombstoneReq.Options;

/** Streams.Delete: the events are gone, the stream may be written again. */
export function deleteCall(
  context: WireContext,
): handleUnaryCall<streams.DeleteReq, streams.DeleteResp> {
  return unaryCall(context, async (request, caller) => {
    const options = request.getOptions() ?? new streams.DeleteReq.Options();
    const position = String(await remove(context, options, caller, false));
    return new streams.DeleteResp().setPosition(
      new streams.DeleteResp.Position().setCommitPosition(position).setPreparePosition(position),
    );
  });
}

/** Streams.Tombstone: the stream can never be written again. */
export function tombstoneCall(
  context: WireContext,
): handleUnaryCall<streams.TombstoneReq, streams.TombstoneResp> {
  return unaryCall(context, async (request, caller) => {
    const options = request.getOptions() ?? new streams.TombstoneReq.Options();
    const position = String(await remove(context, options, caller, true));
    return new streams.TombstoneResp().setPosition(
      new streams.TombstoneResp.Position().setCommitPosition(position).setPreparePosition(position),
    );
  });
}

async function remove(
  { log, access }: WireContext,
  options: Options,
  caller: Caller,
  isHard: boolean,
): Promise<number> {
  const stream = streamNameOf(options.getStreamIdentifier());
  checkTarget(stream);
  await access.check(caller, 'delete', stream);
  return log.delete(stream, toExpectedRevision(sentRevisionOf(options)), isHard);
}
