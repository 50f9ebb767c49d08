import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type ClientHttp2Session, connect as connectHttp2, constants } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import { status } from '@grpc/grpc-js';
import { BatchConversation, rawStreams } from '../../../test/support/wire-calls.js';
import { WireStore } from '../../../test/support/wire-store.js';
import { ManualClock } from '../../kernel/index.js';

const BATCH_APPEND = '/event_store.client.streams.Streams/BatchAppend';
const MIB = 1024 * 1024;

/** A message as gRPC frames it. */
function framed(message: Buffer, { isCompressed = false, length = message.length } = {}): Buffer {
  const prefix = Buffer.alloc(5);
  prefix[0] = isCompressed ? 1 : 0;
  prefix.writeUInt32BE(length, 1);
  return Buffer.concat([prefix, message]);
}

describe('clients without manners', () => {
  let store: WireStore;
  let client: EventStoreDBClient;
  const sessions: ClientHttp2Session[] = [];

  beforeEach(async () => {
    store = await WireStore.open();
    client = EventStoreDBClient.connectionString(store.connectionString);
    await client.appendToStream('calm', jsonEvent({ type: 'before', data: {} }));
  });

  afterEach(async () => {
    for (const session of sessions.splice(0)) session.destroy();
    void client.dispose();
    await store.close();
  });

  /** What everybody else sees meanwhile. */
  async function othersAreServed(): Promise<boolean> {
    const event = jsonEvent({ type: 'after', data: {} });
    return (await client.appendToStream('calm', event)).success;
  }

  async function socket(): Promise<Socket> {
    const opened = connect(store.server.port, '127.0.0.1');
    opened.on('error', () => undefined);
    await once(opened, 'connect');
    return opened;
  }

  function session(): ClientHttp2Session {
    const opened = connectHttp2(`http://${store.address}`);
    opened.on('error', () => undefined);
    sessions.push(opened);
    return opened;
  }

  /** A call of BatchAppend, with bytes for messages; resolves with the status that it ends with. */
  function call(headers: Readonly<Record<string, string>> = {}) {
    const request = session().request({
      [constants.HTTP2_HEADER_METHOD]: 'POST',
      [constants.HTTP2_HEADER_PATH]: BATCH_APPEND,
      [constants.HTTP2_HEADER_CONTENT_TYPE]: 'application/grpc',
      [constants.HTTP2_HEADER_TE]: 'trailers',
      ...headers,
    });
    const ended = new Promise<number>((resolve) => {
      const take = (received: Readonly<Record<string, unknown>>): void => {
        if (received['grpc-status'] !== undefined) resolve(Number(received['grpc-status']));
      };
      request.on('response', take).on('trailers', take);
    });
    request.on('error', () => undefined);
    request.resume();
    return { request, ended };
  }

  it.each([
    ['noise', randomBytes(64 * 1024)],
    ['HTTP of the past', Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n')],
    ['a handshake for TLS', Buffer.from('16030100ff010000fb0303', 'hex')],
    ['a greeting and then noise', Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n~~~~~~~~~~~~')],
  ])('that send %s are cut off', async (_, bytes) => {
    const opened = await socket();
    const closed = once(opened, 'close');

    opened.write(bytes);
    opened.resume();
    await closed;

    expect(await othersAreServed()).toBe(true);
  });

  it('that announce a message of four gigabytes are refused at once', async () => {
    const { request, ended } = call();

    request.write(framed(Buffer.from('x'), { length: 2 ** 32 - 1 }));

    expect(await ended).toBe(status.RESOURCE_EXHAUSTED);
    expect(await othersAreServed()).toBe(true);
  });

  it('that send messages which swell when they are unpacked are refused', async () => {
    const { request, ended } = call({ 'grpc-encoding': 'gzip' });
    const bomb = gzipSync(Buffer.alloc(64 * MIB));

    request.write(framed(bomb, { isCompressed: true }));

    expect(await ended).toBe(status.RESOURCE_EXHAUSTED);
    expect(await othersAreServed()).toBe(true);
  });

  it('that send what is no message of the protocol lose their call', async () => {
    const { request, ended } = call();

    request.write(framed(Buffer.from([0x0a, 0x80])));

    expect(await ended).toBe(status.INTERNAL);
    expect(await othersAreServed()).toBe(true);
  });

  it('that ask for what there is not are told so', async () => {
    const { ended } = call({ [constants.HTTP2_HEADER_PATH]: '/no.such.Service/Call' });

    expect(await ended).toBe(status.UNIMPLEMENTED);
  });

  it('that vanish in the middle of an append leave nothing of it', async () => {
    const vanishing = rawStreams(store.address);
    const batch = new BatchConversation(vanishing.batchAppend());
    const [whole, broken] = [randomUUID(), randomUUID()];
    batch.say({ id: broken, options: { stream: 'broken' }, events: [Buffer.from('1')] });
    batch.say({
      id: whole,
      options: { stream: 'whole' },
      events: [Buffer.from('1')],
      isFinal: true,
    });
    await batch.answered(1);

    batch.call.cancel();
    vanishing.close();
    await othersAreServed();

    const last = async (stream: string): Promise<number> => {
      const { lastRevision } = await store.log.log.readStream({
        stream,
        direction: 'backwards',
        from: 'end',
        limit: 1,
        resolveLinks: false,
      });
      return lastRevision;
    };
    expect([await last('whole'), await last('broken')]).toEqual([0, -1]);
  });

  it('that begin appends and never end them are refused when they hold too much, until some end', async () => {
    const clock = new ManualClock(Date.now()); // stands still: nothing is given up
    const bounded = await WireStore.open({ clock, maxHeldBytes: MIB });
    const hoarding = rawStreams(bounded.address);
    const batch = new BatchConversation(hoarding.batchAppend());
    const ids = Array.from({ length: 5 }, () => randomUUID());
    const [first = '', , , fourth, last = ''] = ids;
    const begin = (id: string): void => {
      batch.say({ id, options: { stream: 'hoard' }, events: [Buffer.alloc(MIB / 4)] });
    };

    for (const id of ids.slice(0, 4)) begin(id);
    await batch.answered(1);
    expect(batch.answeredIds).toEqual([fourth]);
    expect(batch.lastError.type).toContain('BadRequest');
    batch.say({ id: first, isFinal: true });
    await batch.answered(2);
    begin(last);
    batch.say({ id: last, isFinal: true });
    await batch.answered(3);

    expect(batch.answeredIds).toEqual([fourth, first, last]);
    expect(batch.answers[2]?.hasSuccess()).toBe(true);
    hoarding.close();
    await bounded.close();
  });

  it('may have a thousand calls open on one connection; more wait', async () => {
    const { request } = call();
    const [{ maxConcurrentStreams }] = (await once(
      request.session ?? request,
      'remoteSettings',
    )) as [{ maxConcurrentStreams: number }];

    expect(maxConcurrentStreams).toBe(1_000);
  });

  it('that open and drop a thousand subscriptions leave none behind', async () => {
    for (let round = 0; round < 5; round++) {
      const subscriptions = Array.from({ length: 200 }, (_, n) =>
        client.subscribeToStream(`none-${n}`),
      );
      await Promise.all(subscriptions.map((one) => once(one, 'confirmation')));
      await Promise.all(subscriptions.map((one) => one.unsubscribe()));
    }

    expect(await othersAreServed()).toBe(true);
  });
});
