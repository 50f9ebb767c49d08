import { randomUUID } from 'node:crypto';
import { jsonEvent } from '@eventstore/db-client';
import { deliveryIdOf } from '../../modules/delivery/delivery-id.js';
import type { DeliveryEvent } from '../../modules/delivery/index.js';
import {
  type EventStoreClient,
  newEvents,
  type StreamNames,
} from '../../modules/event-store/index.js';

/** Appends under way at once: the bound of the official client and of a machine that does other things, too. */
const AT_ONCE = 500;

/**
 * Events of the past, and deliveries of them to `webhookId` that are due now and that `owner` has recorded, as an instance
 * leaves them behind.
 */
export async function leaveBehind(
  client: EventStoreClient,
  names: StreamNames,
  left: { readonly webhookId: string; readonly owner: string; readonly count: number },
): Promise<void> {
  for (let done = 0; done < left.count; done += AT_ONCE) {
    const count = Math.min(AT_ONCE, left.count - done);
    await Promise.all(Array.from({ length: count }, () => leaveOne(client, names, left)));
  }
}

async function leaveOne(
  client: EventStoreClient,
  names: StreamNames,
  { webhookId, owner }: { readonly webhookId: string; readonly owner: string },
): Promise<void> {
  const type = 'past.placed';
  const stream = `order-${randomUUID()}`;
  const eventId = randomUUID();
  const { position } = await client.appendToStream(
    stream,
    jsonEvent({ id: eventId, type, data: {} }),
  );
  const identity = { webhookId, registration: 1, stream, eventId };
  const deliveryId = deliveryIdOf(identity);
  const now = new Date().toISOString();
  const scheduled: DeliveryEvent = {
    type: 'DeliveryScheduled',
    data: {
      v: 1,
      origin: {
        ...identity,
        deliveryId,
        tenantId: null,
        eventType: type,
        revision: '0',
        position: String(position?.commit ?? 0n),
        occurredAt: now,
      },
      run: 1,
      reason: 'history',
      dueAt: now,
      owner,
    },
  };
  await client.appendToStream(names.delivery(deliveryId), newEvents([scheduled]));
}
