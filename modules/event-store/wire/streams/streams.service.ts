import { readsRequests, sendsBytes } from '../method-coding.js';
import { StreamsService } from '../protocol.js';
import type { WireContext } from '../rpc.js';
import { readAppendRequest } from './append-request.js';
import { appendCall } from './append.rpc.js';
import { readBatchAppendRequest } from './batch-append-request.js';
import { batchAppendCall } from './batch-append.rpc.js';
import { deleteCall, tombstoneCall } from './delete.rpc.js';
import { readCall } from './read.rpc.js';

/** The service `event_store.client.streams.Streams`; what most of the traffic consists of is coded by hand. */
export const STREAMS_SERVICE = {
  ...StreamsService,
  read: sendsBytes(StreamsService.read),
  append: readsRequests(StreamsService.append, readAppendRequest),
  batchAppend: sendsBytes(readsRequests(StreamsService.batchAppend, readBatchAppendRequest)),
};

/** Its calls. */
export function streamsCalls(context: WireContext) {
  return {
    read: readCall(context),
    append: appendCall(context),
    delete: deleteCall(context),
    tombstone: tombstoneCall(context),
    batchAppend: batchAppendCall(context),
  };
}
