import type { EventLog } from '../../embedded/event-log.js';
import { streamDeleted, unknownFailure } from '../errors/call-status.js';
import type { EventResponses } from './event-responses.js';
import type { Requested } from './read-request.js';
import { notFoundResponse } from './read-response.js';

/** Most events that are asked of the engine at once. */
const PAGE_LIMIT = 512;

/** Sends what of a stream was asked for. @throws CallStatus `stream-deleted`, or what EventStoreDB answers to nonsense */
export async function sendStream(
  log: EventLog,
  request: Requested<'read-stream'>,
  events: EventResponses,
): Promise<void> {
  const { stream, direction, resolveLinks, maxCount } = request;
  let { from } = request;
  if (maxCount === 0 || (direction === 'forwards' && from === 'end')) {
    throw unknownFailure('Unexpected ReadStreamResult: Error');
  }
  for (let remaining = maxCount, isFirst = true; remaining > 0 && !events.isOver;) {
    const limit = Math.min(remaining, PAGE_LIMIT);
    const page = await log.readStream({ stream, direction, from, limit, resolveLinks });
    if (page.state === 'tombstoned') throw streamDeleted(stream);
    if (page.state === 'missing' && isFirst) await events.responses.send(notFoundResponse(stream));
    await events.sendAll(page.records);
    if (page.next === null) return;
    from = page.next;
    isFirst = false;
    remaining -= page.records.length;
  }
}

/** Sends what of `$all` was asked for. */
export async function sendOfAll(
  log: EventLog,
  request: Requested<'read-all'>,
  events: EventResponses,
): Promise<void> {
  const { direction, resolveLinks, maxCount, filter } = request;
  let { from } = request;
  for (let remaining = maxCount; remaining > 0 && !events.isOver;) {
    const page = await log.readAll({
      direction,
      from,
      limit: Math.min(remaining, PAGE_LIMIT),
      resolveLinks,
      ...(filter && { filter }),
    });
    await events.sendAll(page.records);
    if (page.isEnd) return;
    from = page.next;
    remaining -= page.records.length;
  }
}
