import empty from 'google-protobuf/google/protobuf/empty_pb.js';
import timestamp from 'google-protobuf/google/protobuf/timestamp_pb.js';
import fc from 'fast-check';
import { MessageWriter } from '../protobuf/message-writer.js';
import { shared, streams } from '../protocol.js';
import { streamIdentifier } from '../wire-text.js';
import { readAppendRequest } from './append-request.js';
import { readBatchAppendRequest } from './batch-append-request.js';
import type { ProposedMessage } from './proposed-message.js';

const text = fc.string({ unit: 'grapheme', maxLength: 40 });
const bytes = fc.uint8Array({ maxLength: 200 });

const proposed: fc.Arbitrary<ProposedMessage> = fc.record({
  id: fc.uuid(),
  type: fc.option(text, { nil: undefined }),
  contentType: fc.option(text, { nil: undefined }),
  data: bytes,
  metadata: bytes,
});

const expected = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  fc.constantFrom('any' as const, 'no_stream' as const, 'stream_exists' as const),
);

/** Fills in what both kinds of options have in common. */
function withExpected<Options extends { setRevision(revision: string): unknown }>(
  options: Options & {
    setAny(value: shared.Empty): unknown;
    setNoStream(value: shared.Empty): unknown;
    setStreamExists(value: shared.Empty): unknown;
  },
  revision: bigint | 'any' | 'no_stream' | 'stream_exists',
): Options {
  if (typeof revision === 'bigint') options.setRevision(revision.toString());
  else if (revision === 'any') options.setAny(new shared.Empty());
  else if (revision === 'no_stream') options.setNoStream(new shared.Empty());
  else options.setStreamExists(new shared.Empty());
  return options;
}

function batchOptions(stream: string, revision: Parameters<typeof withExpected>[1]) {
  const options = new streams.BatchAppendReq.Options().setStreamIdentifier(
    streamIdentifier(stream),
  );
  if (typeof revision === 'bigint') options.setStreamPosition(revision.toString());
  else if (revision === 'any') options.setAny(new empty.Empty());
  else if (revision === 'no_stream') options.setNoStream(new empty.Empty());
  else options.setStreamExists(new empty.Empty());
  return options;
}

function fill<
  Message extends streams.AppendReq.ProposedMessage | streams.BatchAppendReq.ProposedMessage,
>(message: Message, { id, type, contentType, data, metadata }: ProposedMessage): Message {
  message.setId(new shared.UUID().setString(id));
  message.setData(data);
  message.setCustomMetadata(metadata);
  if (type !== undefined) message.getMetadataMap().set('type', type);
  if (contentType !== undefined) message.getMetadataMap().set('content-type', contentType);
  return message;
}

function plain(message: ProposedMessage | undefined) {
  return message && { ...message, data: [...message.data], metadata: [...message.metadata] };
}

describe('what official clients say of an append', () => {
  it('is understood in the messages of Append', () => {
    fc.assert(
      fc.property(text, expected, proposed, (stream, revision, event) => {
        const options = withExpected(new streams.AppendReq.Options(), revision);
        options.setStreamIdentifier(streamIdentifier(stream));
        const first = new streams.AppendReq().setOptions(options).serializeBinary();
        const message = fill(new streams.AppendReq.ProposedMessage(), event);
        const second = new streams.AppendReq().setProposedMessage(message).serializeBinary();

        expect(readAppendRequest(Buffer.from(first))).toEqual({
          options: { stream, expected: revision, deadline: { kind: 'none' } },
          proposed: undefined,
          sizeBytes: first.length,
        });
        const read = readAppendRequest(Buffer.from(second));
        expect(read.options).toBeUndefined();
        expect(plain(read.proposed)).toEqual(plain(event));
      }),
    );
  });

  it('is understood in the chunks of BatchAppend', () => {
    const epochMs = fc.integer({ min: 1, max: 4_102_444_800_000 });
    fc.assert(
      fc.property(
        fc.uuid(),
        fc.tuple(text, expected, fc.option(epochMs, { nil: undefined })),
        fc.array(proposed, { maxLength: 5 }),
        fc.boolean(),
        (correlationId, [stream, revision, deadline], events, isFinal) => {
          const options = batchOptions(stream, revision);
          if (deadline !== undefined) {
            options.setDeadline(timestamp.Timestamp.fromDate(new Date(deadline)));
          }
          const sent = new streams.BatchAppendReq()
            .setCorrelationId(new shared.UUID().setString(correlationId.toUpperCase()))
            .setOptions(options)
            .setProposedMessagesList(
              events.map((event) => fill(new streams.BatchAppendReq.ProposedMessage(), event)),
            )
            .setIsFinal(isFinal)
            .serializeBinary();

          const read = readBatchAppendRequest(Buffer.from(sent));

          expect(read.correlationId).toBe(correlationId);
          expect(shared.UUID.deserializeBinary(read.correlation).getString()).toBe(
            correlationId.toUpperCase(),
          );
          expect(read.options).toEqual({
            stream,
            expected: revision,
            deadline: deadline === undefined ? { kind: 'none' } : { kind: 'at', epochMs: deadline },
          });
          expect(read.proposed.map(plain)).toEqual(events.map(plain));
          expect(read.isFinal).toBe(isFinal);
          expect(read.sizeBytes).toBe(sent.length);
        },
      ),
    );
  });

  it('may have a deadline as a duration, which the generated classes do not know', () => {
    const writer = new MessageWriter(100);
    const options = writer.mark();
    const deadline = writer.mark();
    writer.number(2, 250_000_000);
    writer.number(1, 3);
    writer.enclose(7, deadline);
    writer.enclose(2, options);

    const { options: read } = readBatchAppendRequest(writer.message);

    expect(read?.deadline).toEqual({ kind: 'within', durationMs: 3_250 });
  });

  it('is nothing where there are neither options nor an event', () => {
    expect(readAppendRequest(Buffer.alloc(0))).toMatchObject({
      options: undefined,
      proposed: undefined,
    });
    expect(readBatchAppendRequest(Buffer.alloc(0))).toMatchObject({
      correlationId: '',
      options: undefined,
      isFinal: false,
    });
  });
});
