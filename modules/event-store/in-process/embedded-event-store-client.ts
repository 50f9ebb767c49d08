import type { EventStoreClient } from '../event-store-client.js';
import type { PersistentSubscriptionCalls } from '../persistent-subscriptions/client/persistent-subscriptions-client.js';
import type { StreamCalls } from './streams-client.js';

/** One client of its two parts; its calls can be passed around like functions. */
export function embeddedEventStoreClient(
  streams: StreamCalls,
  persistentSubscriptions: PersistentSubscriptionCalls,
): EventStoreClient {
  return { ...bound(streams), ...bound(persistentSubscriptions) };
}

/** The methods of an object as functions of their own. */
function bound<Calls extends object>(calls: Calls): Calls {
  const prototype = Object.getPrototypeOf(calls) as object;
  const methods = Object.entries(Object.getOwnPropertyDescriptors(prototype))
    .filter(([name, { value }]) => name !== 'constructor' && typeof value === 'function')
    .map(([name, { value }]) => [name, (value as () => unknown).bind(calls)]);
  return Object.fromEntries(methods) as Calls;
}
