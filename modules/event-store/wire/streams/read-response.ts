import type { ResolvedRecord } from '../../embedded/event-log.js';
import { MessageWriter } from '../protobuf/message-writer.js';
import { streams } from '../protocol.js';
import { recordedEventBytes, writeRecordedEvent } from '../recorded-event.js';
import { streamIdentifier } from '../wire-text.js';
import type { UuidForm } from '../wire-uuid.js';

const { ReadResp } = streams;

/** Fields of `ReadResp` and `ReadResp.ReadEvent`. */
const EVENT = 1;
const READ_EVENT = { event: 1, link: 2, commitPosition: 3 } as const;

/** What an event takes at most besides the records. */
const OVERHEAD_BYTES = 32;

/** An event, and the link that led to it; each has its own place, the whole that of the link. */
export function eventResponse({ event, link }: ResolvedRecord, uuidForm: UuidForm): Buffer {
  const capacity = OVERHEAD_BYTES + recordedEventBytes(event) + recordedEventBytes(link);
  const writer = new MessageWriter(capacity);
  const mark = writer.mark();
  const original = link ?? event;
  if (original) writer.number(READ_EVENT.commitPosition, original.position);
  if (link) writeRecordedEvent(writer, READ_EVENT.link, link, link.position, uuidForm);
  if (event) writeRecordedEvent(writer, READ_EVENT.event, event, event.position, uuidForm);
  writer.enclose(EVENT, mark);
  return writer.message;
}

export function notFoundResponse(stream: string): Buffer {
  const message = new ReadResp.StreamNotFound().setStreamIdentifier(streamIdentifier(stream));
  return bytesOf(new ReadResp().setStreamNotFound(message));
}

export function confirmationResponse(subscriptionId: string): Buffer {
  const message = new ReadResp.SubscriptionConfirmation().setSubscriptionId(subscriptionId);
  return bytesOf(new ReadResp().setConfirmation(message));
}

export function checkpointResponse(position: number): Buffer {
  const message = new ReadResp.Checkpoint()
    .setCommitPosition(String(position))
    .setPreparePosition(String(position));
  return bytesOf(new ReadResp().setCheckpoint(message));
}

export function caughtUpResponse(): Buffer {
  return bytesOf(new ReadResp().setCaughtUp(new ReadResp.CaughtUp()));
}

function bytesOf(response: streams.ReadResp): Buffer {
  return Buffer.from(response.serializeBinary());
}
