import { readsRequests, sendsBytes } from '../method-coding.js';
import { PersistentSubscriptionsService } from '../protocol.js';
import type { WireContext } from '../rpc.js';
import {
  createCall,
  deleteGroupCall,
  replayParkedCall,
  restartCall,
  updateCall,
} from './group.rpc.js';
import { getInfoCall, listCall } from './info.rpc.js';
import { readConsumerRequest } from './read-request.js';
import { readGroupCall } from './read.rpc.js';

/** The service `event_store.client.persistent_subscriptions.PersistentSubscriptions`; messages and answers are coded by hand. */
export const SUBSCRIPTIONS_SERVICE = {
  ...PersistentSubscriptionsService,
  read: sendsBytes(readsRequests(PersistentSubscriptionsService.read, readConsumerRequest)),
};

/** Its calls. */
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
