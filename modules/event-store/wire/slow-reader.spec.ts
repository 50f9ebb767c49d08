import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { ClientReadableStream } from '@grpc/grpc-js';
import { identifier, rawStreams } from '../../../test/support/wire-calls.js';
import { WireStore } from '../../../test/support/wire-store.js';
import { SystemClock } from '../../kernel/index.js';
import type { EventLog, ProposedEvent } from '../embedded/event-log.js';
import { shared, streams } from './protocol.js';
import { startWireServer, type WireServer } from './wire-server.js';

const EVENT_BYTES = 256 * 1024;
const EVENTS = 128;
const STREAM = 'large';

/** The log, counting the bytes that it hands out. */
class CountedLog implements EventLog {
  readonly #log: EventLog;
  bytesRead = 0;

  constructor(log: EventLog) {
    this.#log = log;
  }

  get head(): number {
    return this.#log.head;
  }

  readonly append: EventLog['append'] = (...args) => this.#log.append(...args);
  readonly delete: EventLog['delete'] = (...args) => this.#log.delete(...args);
  readonly resolveLink: EventLog['resolveLink'] = (...args) => this.#log.resolveLink(...args);
  readonly onCommitted: EventLog['onCommitted'] = (...args) => this.#log.onCommitted(...args);

  readonly readStream: EventLog['readStream'] = async (query) =>
    this.#counted(await this.#log.readStream(query));
  readonly readAll: EventLog['readAll'] = async (query) =>
    this.#counted(await this.#log.readAll(query));

  #counted<Page extends Awaited<ReturnType<EventLog['readAll' | 'readStream']>>>(page: Page): Page {
    for (const { event } of page.records) this.bytesRead += event?.data.length ?? 0;
    return page;
  }
}

describe('a reader that does not read', () => {
  let store: WireStore;
  let log: CountedLog;
  let server: WireServer;
  let client: ReturnType<typeof rawStreams>;

  beforeEach(async () => {
    store = await WireStore.open();
    log = new CountedLog(store.log.log);
    const { persistentSubscriptions } = store;
    const clock = new SystemClock();
    server = await startWireServer({
      log,
      persistentSubscriptions,
      clock,
      host: '127.0.0.1',
      port: 0,
    });
    client = rawStreams(`127.0.0.1:${server.port}`);
  });

  afterEach(async () => {
    client.close();
    await server.close();
    await store.close();
  });

  const { Options } = streams.ReadReq;

  function options(): streams.ReadReq.Options {
    const stream = new Options.StreamOptions()
      .setStreamIdentifier(identifier(STREAM))
      .setStart(new shared.Empty());
    return new Options()
      .setStream(stream)
      .setNoFilter(new shared.Empty())
      .setUuidOption(new Options.UUIDOption().setString(new shared.Empty()));
  }

  /** Opens a read, and takes nothing. */
  async function opened(requested: streams.ReadReq.Options) {
    const call = client.read(new streams.ReadReq().setOptions(requested));
    await once(call, 'metadata');
    return call;
  }

  async function appendAll(): Promise<void> {
    const events = Array.from({ length: EVENTS }, (_, n) => largeEvent(n));
    await Promise.all(events.map((event) => log.append(STREAM, 'any', [event])));
  }

  /** What anybody else asks meanwhile takes its course. */
  async function otherCalls(count: number): Promise<void> {
    for (let n = 0; n < count; n++) {
      const call = client.read(new streams.ReadReq().setOptions(options().setCount('1')));
      await revisions(call, 1);
    }
  }

  async function revisions(
    call: ClientReadableStream<streams.ReadResp>,
    count: number,
  ): Promise<number[]> {
    const received: number[] = [];
    for await (const message of call as AsyncIterable<streams.ReadResp>) {
      const event = message.getEvent()?.getEvent();
      if (event) received.push(Number(event.getStreamRevision()));
      if (received.length === count) break;
    }
    return received;
  }

  it('is not read for: the rest of a long read waits in the log', async () => {
    await appendAll();
    const call = await opened(options().setCount(String(EVENTS)));
    await otherCalls(20);
    const bytesOfOthers = 20 * EVENT_BYTES;

    expect(log.bytesRead - bytesOfOthers).toBeLessThan((EVENTS * EVENT_BYTES) / 2);
    expect(await revisions(call, EVENTS)).toEqual(Array.from({ length: EVENTS }, (_, n) => n));
  });

  it('gets everything in order when it reads again, however much was committed meanwhile', async () => {
    const call = await opened(options().setSubscription(new Options.SubscriptionOptions()));
    await appendAll();
    await otherCalls(20);

    expect(await revisions(call, EVENTS)).toEqual(Array.from({ length: EVENTS }, (_, n) => n));
  });
});

function largeEvent(n: number): ProposedEvent {
  return {
    id: randomUUID(),
    type: `event-${n}`,
    isJson: false,
    data: new Uint8Array(EVENT_BYTES),
    metadata: new Uint8Array(0),
  };
}
