import { randomUUID } from 'node:crypto';
import type { CatchUpItem, CatchUpSubscription } from '../../embedded/catch-up.js';
import { streamDeleted } from '../errors/call-status.js';
import type { EventResponses } from './event-responses.js';
import { caughtUpResponse, checkpointResponse, confirmationResponse } from './read-response.js';

/**
 * Sends what a catch-up subscription brings, until the call is over.
 * @param source for the error of a stream that is tombstoned
 * @throws CallStatus `stream-deleted`
 */
export async function sendFollowed(
  subscription: CatchUpSubscription,
  source: string,
  events: EventResponses,
): Promise<void> {
  const { responses } = events;
  responses.whenOver(() => {
    subscription.close();
  });
  try {
    await responses.send(confirmationResponse(randomUUID()));
    for (let items = await subscription.next(); items; items = await subscription.next()) {
      for (const item of items) {
        if (responses.isOver) return;
        const wait = send(item, source, events);
        if (wait) await wait;
      }
    }
  } finally {
    subscription.close();
  }
}

function send(
  item: CatchUpItem,
  source: string,
  events: EventResponses,
): Promise<void> | undefined {
  switch (item.kind) {
    case 'event':
      return events.send(item.entry);
    case 'checkpoint':
      return events.responses.send(checkpointResponse(item.position));
    case 'caught-up':
      return events.responses.send(caughtUpResponse());
    case 'stream-deleted':
      throw streamDeleted(source);
  }
}
