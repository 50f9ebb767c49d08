import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import streamServices from '@eventstore/db-client/generated/streams_grpc_pb.js';
import { Client, type ClientDuplexStream, credentials, status } from '@grpc/grpc-js';
import { BatchConversation, failureOf, rawStreams } from '../../../../test/support/wire-calls.js';
import { WireStore } from '../../../../test/support/wire-store.js';
import { ManualClock } from '../../../kernel/index.js';
import { MessageWriter } from '../protobuf/message-writer.js';
import { shared, streams } from '../protocol.js';
import { writeStreamName } from '../wire-text.js';
import { writeWireUuid } from '../wire-uuid.js';

const NOW = Date.UTC(2026, 0, 1);
const MIB = 1024 * 1024;

describe('BatchAppend', () => {
  let store: WireStore;
  let clock: ManualClock;
  let batch: BatchConversation;

  beforeEach(async () => {
    clock = new ManualClock(NOW);
    store = await WireStore.open({ clock });
    batch = new BatchConversation(rawStreams(store.address).batchAppend());
  });

  afterEach(async () => {
    batch.call.cancel();
    await store.close();
  });

  async function lastRevisionOf(stream: string): Promise<number> {
    const page = await store.log.log.readStream({
      stream,
      direction: 'backwards',
      from: 'end',
      limit: 1,
      resolveLinks: false,
    });
    return page.lastRevision;
  }

  it('puts the chunks of one append together, however the client cuts them', async () => {
    const client = EventStoreDBClient.connectionString(store.connectionString);
    const events = Array.from({ length: 50 }, (_, n) =>
      jsonEvent({ type: 'counted', data: { n } }),
    );
    clock.advance(Date.now() - NOW); // the client's deadlines are on the clock of the machine

    const result = await client.appendToStream('order-1', events, { batchAppendSize: 64 });

    expect(result.nextExpectedRevision).toBe(49n);
    expect(await lastRevisionOf('order-1')).toBe(49);
  });

  it('takes the chunks of many appends in any order', async () => {
    const [one, other] = [randomUUID(), randomUUID()];
    batch.say({ id: one, options: { stream: 'one' } });
    batch.say({ id: other, options: { stream: 'other' }, events: [Buffer.from('1')] });
    batch.say({ id: one, events: [Buffer.from('1'), Buffer.from('2')] });
    batch.say({ id: other, isFinal: true });
    batch.say({ id: one, isFinal: true });

    await batch.answered(2);

    expect(batch.answeredIds.sort()).toEqual([one, other].sort());
    expect(await lastRevisionOf('one')).toBe(1);
    expect(await lastRevisionOf('other')).toBe(0);
  });

  it('answers each append exactly once, and what belongs to none not at all', async () => {
    const [id, unknown, last] = [randomUUID(), randomUUID(), randomUUID()];
    batch.say({ id, options: { stream: 'one' }, events: [Buffer.from('1')], isFinal: true });
    batch.say({ id, events: [Buffer.from('2')], isFinal: true });
    batch.say({ id: unknown, events: [Buffer.from('3')], isFinal: true });
    await batch.answered(1);
    batch.say({ id: last, options: { stream: 'one' }, isFinal: true });
    await batch.end();

    expect(batch.answeredIds).toEqual([id, last]);
    expect(await lastRevisionOf('one')).toBe(0);
  });

  it('refuses an append once as soon as it is too large, and goes on with the others', async () => {
    const [large, small] = [randomUUID(), randomUUID()];
    batch.say({ id: large, options: { stream: 'one' }, events: [Buffer.alloc(MIB + 1)] });
    await batch.answered(1);
    const refusal = batch.lastError;
    batch.say({ id: large, events: [Buffer.from('more')], isFinal: true });
    batch.say({
      id: small,
      options: { stream: 'one' },
      events: [Buffer.alloc(MIB)],
      isFinal: true,
    });
    await batch.end();

    expect(batch.answeredIds).toEqual([large, small]);
    expect(refusal.type).toBe('type.googleapis.com/event_store.client.MaximumAppendSizeExceeded');
    const content = shared.MaximumAppendSizeExceeded.deserializeBinary(refusal.content);
    expect(content.getMaxappendsize()).toBe(MIB);
    expect(batch.answers[1]?.hasSuccess()).toBe(true);
  });

  it('takes requests larger than gRPC does by default', async () => {
    batch.say({
      id: randomUUID(),
      options: { stream: 'one' },
      events: Array.from({ length: 6 }, () => Buffer.alloc(MIB)),
      isFinal: true,
    });

    await batch.answered(1);

    expect(batch.lastError.type).toContain('MaximumAppendSizeExceeded');
  });

  it('does not begin what is too late already', async () => {
    const options = { stream: 'one', deadlineMs: NOW };
    batch.say({ id: randomUUID(), options, events: [Buffer.alloc(2 * MIB)], isFinal: true });

    await batch.answered(1);

    expect(batch.lastError).toMatchObject({
      type: 'type.googleapis.com/event_store.client.Timeout',
      stream: 'one',
    });
    expect(await lastRevisionOf('one')).toBe(-1);
  });

  it.each([
    ['two seconds', undefined, 2_000],
    ['its deadline', NOW + 500, 500],
  ])('gives an append up whose end does not come within %s', async (_name, deadlineMs, passed) => {
    const [unfinished, barrier] = [randomUUID(), randomUUID()];
    const options = { stream: 'one', ...(deadlineMs !== undefined && { deadlineMs }) };
    batch.say({ id: unfinished, options, events: [Buffer.from('1')] });
    batch.say({ id: barrier, options: { stream: 'two' }, isFinal: true });
    await batch.answered(1);

    clock.advance(passed - 1);
    expect(batch.answeredIds).toEqual([barrier]);
    clock.advance(1);
    await batch.answered(2);

    expect(batch.answeredIds).toEqual([barrier, unfinished]);
    expect(batch.lastError.type).toContain('Timeout');
    batch.say({ id: unfinished, isFinal: true });
    await batch.end();
    expect(batch.answers).toHaveLength(2);
  });

  it('counts a deadline that is a duration from when the append began', async () => {
    const [unfinished, barrier] = [randomUUID(), randomUUID()];
    const raw = rawBatchAppend(store.address);
    raw.write(chunkWithin(unfinished, 'one', 500));
    batch.say({ id: barrier, options: { stream: 'two' }, isFinal: true });
    await batch.answered(1);
    const answer = once(raw, 'data');
    raw.write(chunkWithin(randomUUID(), 'three', 0));

    const [late] = (await answer) as [Buffer];
    const answered = once(raw, 'data');
    clock.advance(500);
    const [timedOut] = (await answered) as [Buffer];

    for (const [bytes, stream] of [
      [late, 'three'],
      [timedOut, 'one'],
    ] as const) {
      const response = streams.BatchAppendResp.deserializeBinary(bytes);
      expect(response.getError()?.getDetails()?.getTypeUrl()).toContain('Timeout');
      const name = response.getStreamIdentifier()?.getStreamName_asU8() ?? [];
      expect(Buffer.from(name).toString()).toBe(stream);
    }
    raw.cancel();
  });

  it('tells where the stream is when it is not where it was expected', async () => {
    const options = { stream: 'one', revision: '7' };
    batch.say({ id: randomUUID(), options, events: [Buffer.from('1')], isFinal: true });

    await batch.answered(1);

    const { type, content, stream } = batch.lastError;
    const details = shared.WrongExpectedVersion.deserializeBinary(content);
    expect({ type, stream }).toEqual({
      type: 'type.googleapis.com/event_store.client.WrongExpectedVersion',
      stream: 'one',
    });
    expect(details.hasCurrentNoStream()).toBe(true);
    expect(details.getExpectedStreamPosition()).toBe('7');
  });

  it('reads 2^64-1 as "no stream", and refuses revisions that there cannot be', async () => {
    const say = (revision: bigint): void => {
      const options = { stream: 'one', revision: revision.toString() };
      batch.say({ id: randomUUID(), options, events: [Buffer.from('1')], isFinal: true });
    };
    say(2n ** 64n - 1n);
    await batch.answered(1);
    say(2n ** 63n);
    await batch.answered(2);
    const impossible = batch.lastError;
    say(2n ** 63n - 1n);
    await batch.answered(3);

    expect(batch.answers[0]?.hasSuccess()).toBe(true);
    expect(impossible.type).toContain('BadRequest');
    expect(batch.lastError.type).toContain('WrongExpectedVersion');
  });

  it.each([
    ['no stream', { id: randomUUID(), options: {}, isFinal: true }],
    ['a correlation id that is none', { id: 'x', options: { stream: 'one' }, isFinal: true }],
  ])('refuses an append with %s', async (_name, chunk) => {
    batch.say(chunk);

    await batch.answered(1);

    expect(batch.lastError.type).toBe('type.googleapis.com/event_store.client.BadRequest');
  });

  it('ends as cancelled when the server stops, after the answers that are due', async () => {
    const [begun, submitted] = [randomUUID(), randomUUID()];
    const failure = failureOf(batch.call);
    batch.say({ id: begun, options: { stream: 'one' }, events: [Buffer.from('1')] });
    batch.say({
      id: submitted,
      options: { stream: 'two' },
      events: [Buffer.from('1')],
      isFinal: true,
    });
    await batch.answered(1);

    await store.server.close();

    expect((await failure).code).toBe(status.CANCELLED);
    expect(batch.answeredIds).toEqual([submitted]);
  });
});

/** A call whose messages are bytes: for what the generated classes cannot say. */
function rawBatchAppend(address: string): ClientDuplexStream<Buffer, Buffer> {
  const asIs = (bytes: Buffer): Buffer => bytes;
  const client = new Client(address, credentials.createInsecure());
  const { path } = streamServices.StreamsService.batchAppend;
  const call = client.makeBidiStreamRequest(path, asIs, asIs);
  return call.on('error', () => undefined);
}

/** The first chunk of an append that has so much time, as newer clients say it. */
function chunkWithin(id: string, stream: string, durationMs: number): Buffer {
  const writer = new MessageWriter(200);
  const options = writer.mark();
  const deadline = writer.mark();
  writer.number(2, durationMs * 1_000_000);
  writer.enclose(7, deadline);
  writer.bytes(4, new Uint8Array(0));
  writeStreamName(writer, 1, stream);
  writer.enclose(2, options);
  writeWireUuid(writer, 1, id, 'string');
  return writer.message;
}
