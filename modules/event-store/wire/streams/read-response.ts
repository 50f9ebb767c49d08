import type { LogRecord, ResolvedRecord } from '../../embedded/event-log.js';
import { streams } from '../protocol.js';
import { fillRecorded } from '../recorded-message.js';
import { streamIdentifier } from '../wire-text.js';
import type { UuidForm } from '../wire-uuid.js';

const { ReadResp } = streams;

/** An event, and the link that led to it; each has its own place, the whole that of the link. */
export function eventResponse(
  { event, link }: ResolvedRecord,
  uuidForm: UuidForm,
): streams.ReadResp {
  const message = new ReadResp.ReadEvent();
  if (event) message.setEvent(recorded(event, uuidForm));
  if (link) message.setLink(recorded(link, uuidForm));
  const original = link ?? event;
  if (original) message.setCommitPosition(String(original.position));
  return new ReadResp().setEvent(message);
}

function recorded(record: LogRecord, uuidForm: UuidForm): streams.ReadResp.ReadEvent.RecordedEvent {
  const message = new ReadResp.ReadEvent.RecordedEvent();
  return fillRecorded(message, record, record.position, uuidForm);
}

export function notFoundResponse(stream: string): streams.ReadResp {
  const message = new ReadResp.StreamNotFound().setStreamIdentifier(streamIdentifier(stream));
  return new ReadResp().setStreamNotFound(message);
}

export function confirmationResponse(subscriptionId: string): streams.ReadResp {
  const message = new ReadResp.SubscriptionConfirmation().setSubscriptionId(subscriptionId);
  return new ReadResp().setConfirmation(message);
}

export function checkpointResponse(position: number): streams.ReadResp {
  const message = new ReadResp.Checkpoint()
    .setCommitPosition(String(position))
    .setPreparePosition(String(position));
  return new ReadResp().setCheckpoint(message);
}

export function caughtUpResponse(): streams.ReadResp {
  return new ReadResp().setCaughtUp(new ReadResp.CaughtUp());
}
