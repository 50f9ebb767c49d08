import type { WireContext } from '../rpc.js';
import {
  createCall,
  deleteGroupCall,
  replayParkedCall,
  restartCall,
  updateCall,
} from './group.rpc.js';
import { getInfoCall, listCall } from './info.rpc.js';
import { readGroupCall } from './read.rpc.js';

/** The calls of `event_store.client.persistent_subscriptions.PersistentSubscriptions`. */
export function subscriptionsCalls(context: WireContext) {
  return {
    create: createCall(context),
    update: updateCall(context),
    delete: deleteGroupCall(context),
    read: readGroupCall(context),
    getInfo: getInfoCall(context),
    list: listCall(context),
    replayParked: replayParkedCall(context),
    restartSubsystem: restartCall(context),
  };
}
