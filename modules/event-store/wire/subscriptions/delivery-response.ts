import type { LogRecord } from '../../embedded/event-log.js';
import type { Delivery } from '../../persistent-subscriptions/group/group-consumer.js';
import { persistent } from '../protocol.js';
import { fillRecorded } from '../recorded-message.js';
import type { UuidForm } from '../wire-uuid.js';

const { ReadResp } = persistent;

/** A message of a group: event and link both have the place of the link. */
export function deliveryResponse(
  { record: { event, link }, retryCount }: Delivery,
  uuidForm: UuidForm,
): persistent.ReadResp {
  const message = new ReadResp.ReadEvent().setRetryCount(retryCount);
  const position = (link ?? event)?.position ?? 0;
  if (event) message.setEvent(recorded(event, position, uuidForm));
  if (link) message.setLink(recorded(link, position, uuidForm));
  return new ReadResp().setEvent(message.setCommitPosition(String(position)));
}

export function subscribedResponse(subscriptionId: string): persistent.ReadResp {
  const message = new ReadResp.SubscriptionConfirmation().setSubscriptionId(subscriptionId);
  return new ReadResp().setSubscriptionConfirmation(message);
}

function recorded(
  record: LogRecord,
  position: number,
  uuidForm: UuidForm,
): persistent.ReadResp.ReadEvent.RecordedEvent {
  return fillRecorded(new ReadResp.ReadEvent.RecordedEvent(), record, position, uuidForm);
}
