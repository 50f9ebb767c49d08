import { randomUUID } from 'node:crypto';
import type { CatchUpItem, CatchUpSubscription } from '../../embedded/catch-up.js';
import { catchUpToAll } from '../../embedded/catch-up-to-all.js';
import { catchUpToStream } from '../../embedded/catch-up-to-stream.js';
import type { ResolvedRecord } from '../../embedded/event-log.js';
import { streamDeleted, unknownFailure } from '../errors/call-status.js';
import type { streams } from '../protocol.js';
import type { ResponseStream } from '../response-stream.js';
import { streamingCall, type WireContext } from '../rpc.js';
import type { UuidForm } from '../wire-uuid.js';
import { parseReadRequest, type ReadRequest } from './read-request.js';
import {
  caughtUpResponse,
  checkpointResponse,
  confirmationResponse,
  eventResponse,
  notFoundResponse,
} from './read-response.js';

type Responses = ResponseStream<streams.ReadResp>;
type Requested<Kind extends ReadRequest['kind']> = Extract<ReadRequest, { kind: Kind }>;

/** Most events that are asked of the engine at once. */
const PAGE_LIMIT = 512;

/** Streams.Read: finite reads and catch-up subscriptions, of a stream or of everything. */
export function readCall(context: WireContext) {
  return streamingCall<streams.ReadReq, streams.ReadResp>(context, async (message, responses) => {
    const request = parseReadRequest(message);
    switch (request.kind) {
      case 'read-stream':
        await readStream(context, request, responses);
        return;
      case 'read-all':
        await readAll(context, request, responses);
        return;
      case 'subscribe-to-stream':
        await follow(catchUpToStream(context.log, context.feed, request), request, responses);
        return;
      case 'subscribe-to-all':
        await follow(catchUpToAll(context.log, context.feed, request), request, responses);
    }
  });
}

async function readStream(
  { log }: WireContext,
  request: Requested<'read-stream'>,
  responses: Responses,
): Promise<void> {
  const { stream, direction, resolveLinks, maxCount, uuidForm } = request;
  let { from } = request;
  if (maxCount === 0 || (direction === 'forwards' && from === 'end')) {
    throw unknownFailure('Unexpected ReadStreamResult: Error');
  }
  for (let remaining = maxCount, isFirst = true; remaining > 0 && !responses.isOver;) {
    const limit = Math.min(remaining, PAGE_LIMIT);
    const page = await log.readStream({ stream, direction, from, limit, resolveLinks });
    if (page.state === 'tombstoned') throw streamDeleted(stream);
    if (page.state === 'missing' && isFirst) await responses.send(notFoundResponse(stream));
    await sendAll(page.records, uuidForm, responses);
    if (page.next === null) return;
    from = page.next;
    isFirst = false;
    remaining -= page.records.length;
  }
}

async function readAll(
  { log }: WireContext,
  request: Requested<'read-all'>,
  responses: Responses,
): Promise<void> {
  const { direction, resolveLinks, maxCount, uuidForm, filter } = request;
  let { from } = request;
  for (let remaining = maxCount; remaining > 0 && !responses.isOver;) {
    const page = await log.readAll({
      direction,
      from,
      limit: Math.min(remaining, PAGE_LIMIT),
      resolveLinks,
      ...(filter && { filter }),
    });
    await sendAll(page.records, uuidForm, responses);
    if (page.isEnd) return;
    from = page.next;
    remaining -= page.records.length;
  }
}

async function sendAll(
  records: readonly ResolvedRecord[],
  uuidForm: UuidForm,
  responses: Responses,
): Promise<void> {
  for (const record of records) {
    if (responses.isOver) return;
    if (!responses.write(eventResponse(record, uuidForm))) await responses.drained();
  }
}

async function follow(
  subscription: CatchUpSubscription,
  request: Requested<'subscribe-to-stream' | 'subscribe-to-all'>,
  responses: Responses,
): Promise<void> {
  responses.whenOver(() => {
    subscription.close();
  });
  try {
    await responses.send(confirmationResponse(randomUUID()));
    for (let items = await subscription.next(); items; items = await subscription.next()) {
      for (const item of items) {
        if (responses.isOver) return;
        if (!responses.write(itemResponse(item, request))) await responses.drained();
      }
    }
  } finally {
    subscription.close();
  }
}

function itemResponse(
  item: CatchUpItem,
  request: Requested<'subscribe-to-stream' | 'subscribe-to-all'>,
): streams.ReadResp {
  switch (item.kind) {
    case 'event':
      return eventResponse(item.entry, request.uuidForm);
    case 'checkpoint':
      return checkpointResponse(item.position);
    case 'caught-up':
      return caughtUpResponse();
    case 'stream-deleted':
      throw streamDeleted(request.kind === 'subscribe-to-stream' ? request.stream : '$all');
  }
}
