import fc from 'fast-check';
import { type LogRecord, TOMBSTONE_REVISION } from '../embedded/event-log.js';
import { persistent, streams } from './protocol.js';
import { eventResponse } from './streams/read-response.js';
import { deliveryResponse } from './subscriptions/delivery-response.js';

const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 });
const bytes = fc.uint8Array({ maxLength: 200 });
const form = fc.constantFrom('string' as const, 'structured' as const);
const count = fc.maxSafeNat();

const record: fc.Arbitrary<LogRecord> = fc.record({
  id: fc.uuid(),
  stream: text,
  type: text,
  isJson: fc.boolean(),
  data: bytes,
  metadata: bytes,
  position: count,
  revision: fc.oneof(count, fc.constant(TOMBSTONE_REVISION)),
  created: fc.integer({ min: 1, max: 4_102_444_800_000 }),
});

type Recorded =
  streams.ReadResp.ReadEvent.RecordedEvent | persistent.ReadResp.ReadEvent.RecordedEvent;

/** What a client reads of an event that was sent as `record`. */
function seen(message: Recorded | undefined) {
  if (!message) return undefined;
  const id = message.getId();
  return {
    id: id?.getString() === '' ? id.getStructured()?.toObject() : id?.getString(),
    stream: Buffer.from(message.getStreamIdentifier()?.getStreamName_asU8() ?? []).toString(),
    revision: message.getStreamRevision(),
    positions: [message.getCommitPosition(), message.getPreparePosition()],
    properties: Object.fromEntries(message.getMetadataMap().toArray()),
    metadata: [...message.getCustomMetadata_asU8()],
    data: [...message.getData_asU8()],
  };
}

function expected(sent: LogRecord, position: number, uuidForm: 'string' | 'structured') {
  const hex = sent.id.replaceAll('-', '');
  const half = (from: number): string =>
    BigInt.asIntN(64, BigInt(`0x${hex.slice(from, from + 16)}`)).toString();
  return {
    id:
      uuidForm === 'string'
        ? sent.id
        : { mostSignificantBits: half(0), leastSignificantBits: half(16) },
    stream: sent.stream,
    revision:
      sent.revision === TOMBSTONE_REVISION ? '9223372036854775807' : sent.revision.toString(),
    positions: [position.toString(), position.toString()],
    properties: {
      type: sent.type,
      'content-type': sent.isJson ? 'application/json' : 'application/octet-stream',
      created: (BigInt(sent.created) * 10_000n).toString(),
    },
    metadata: [...sent.metadata],
    data: [...sent.data],
  };
}

describe('an event on the wire', () => {
  it('is read by official clients as it was written, and its link beside it', () => {
    fc.assert(
      fc.property(record, fc.option(record, { nil: undefined }), form, (event, link, uuidForm) => {
        const sent = eventResponse({ event, ...(link && { link }) }, uuidForm);

        const message = streams.ReadResp.deserializeBinary(sent).getEvent();
        expect(seen(message?.getEvent())).toEqual(expected(event, event.position, uuidForm));
        expect(seen(message?.getLink())).toEqual(link && expected(link, link.position, uuidForm));
        expect(message?.getCommitPosition()).toBe((link ?? event).position.toString());
      }),
    );
  });

  it('has the place of its link when a group hands it out, and how often that happened before', () => {
    fc.assert(
      fc.property(record, record, fc.nat(), form, (event, link, retryCount, uuidForm) => {
        const sent = deliveryResponse(
          { id: link.id, record: { event, link }, retryCount },
          uuidForm,
        );

        const message = persistent.ReadResp.deserializeBinary(sent).getEvent();
        expect(seen(message?.getEvent())).toEqual(expected(event, link.position, uuidForm));
        expect(seen(message?.getLink())).toEqual(expected(link, link.position, uuidForm));
        expect(message?.getCommitPosition()).toBe(link.position.toString());
        expect(message?.getRetryCount()).toBe(retryCount);
      }),
    );
  });

  it('comes as a link alone when there is nothing behind it', () => {
    fc.assert(
      fc.property(record, (link) => {
        const message = streams.ReadResp.deserializeBinary(eventResponse({ link }, 'string'));

        expect(message.getEvent()?.hasEvent()).toBe(false);
        expect(seen(message.getEvent()?.getLink())).toEqual(
          expected(link, link.position, 'string'),
        );
      }),
    );
  });
});
