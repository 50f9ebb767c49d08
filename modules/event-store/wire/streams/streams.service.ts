import type { WireContext } from '../rpc.js';
import { appendCall } from './append.rpc.js';
import { batchAppendCall } from './batch-append.rpc.js';
import { deleteCall, tombstoneCall } from './delete.rpc.js';
import { readCall } from './read.rpc.js';

/** The calls of `event_store.client.streams.Streams`. */
export function streamsCalls(context: WireContext) {
  return {
    read: readCall(context),
    append: appendCall(context),
    delete: deleteCall(context),
    tombstone: tombstoneCall(context),
    batchAppend: batchAppendCall(context),
  };
}
