import type { Delivery } from '../../persistent-subscriptions/group/group-consumer.js';
import { MessageWriter } from '../protobuf/message-writer.js';
import { persistent } from '../protocol.js';
import { recordedEventBytes, writeRecordedEvent } from '../recorded-event.js';
import type { UuidForm } from '../wire-uuid.js';

const { ReadResp } = persistent;

/** Fields of `ReadResp` and `ReadResp.ReadEvent`. */
const EVENT = 1;
const READ_EVENT = { event: 1, link: 2, commitPosition: 3, retryCount: 5 } as const;

/** What a message takes at most besides the records. */
const OVERHEAD_BYTES = 48;

/** A message of a group: event and link both have the place of the link. */
export function deliveryResponse(
  { record: { event, link }, retryCount }: Delivery,
  uuidForm: UuidForm,
): Buffer {
  const capacity = OVERHEAD_BYTES + recordedEventBytes(event) + recordedEventBytes(link);
  const position = (link ?? event)?.position ?? 0;
  const writer = new MessageWriter(capacity);
  const mark = writer.mark();
  writer.number(READ_EVENT.retryCount, retryCount);
  writer.number(READ_EVENT.commitPosition, position);
  if (link) writeRecordedEvent(writer, READ_EVENT.link, link, position, uuidForm);
  if (event) writeRecordedEvent(writer, READ_EVENT.event, event, position, uuidForm);
  writer.enclose(EVENT, mark);
  return writer.message;
}

export function subscribedResponse(subscriptionId: string): Buffer {
  const message = new ReadResp.SubscriptionConfirmation().setSubscriptionId(subscriptionId);
  return Buffer.from(new ReadResp().setSubscriptionConfirmation(message).serializeBinary());
}
