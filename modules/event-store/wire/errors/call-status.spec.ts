import { randomUUID } from 'node:crypto';
import { status, type ServiceError } from '@grpc/grpc-js';
import { failureOf, identifier, rawStreams } from '../../../../test/support/wire-calls.js';
import { WireStore } from '../../../../test/support/wire-store.js';
import { shared, streams } from '../protocol.js';

describe('how calls fail', () => {
  let store: WireStore;
  let client: ReturnType<typeof rawStreams>;

  beforeAll(async () => {
    store = await WireStore.open();
    client = rawStreams(store.address);
  });

  afterAll(async () => {
    client.close();
    await store.close();
  });

  function trailersOf({ metadata }: ServiceError): Record<string, unknown> {
    const own = Object.entries(metadata.getMap()).filter(
      ([name]) => name !== 'content-type' && name !== 'date',
    );
    return Object.fromEntries(own);
  }

  async function deletion(stream: string, revision?: string): Promise<ServiceError> {
    const options = new streams.DeleteReq.Options().setStreamIdentifier(identifier(stream));
    if (revision === undefined) options.setAny(new shared.Empty());
    else options.setRevision(revision);
    return new Promise((resolve, reject) => {
      client.delete(new streams.DeleteReq().setOptions(options), (error) => {
        if (error) resolve(error);
        else reject(new Error('it was deleted'));
      });
    });
  }

  /** The messages of one Append, as they are. */
  async function append(...requests: streams.AppendReq[]): Promise<ServiceError> {
    return new Promise((resolve, reject) => {
      const call = client.append((error) => {
        if (error) resolve(error);
        else reject(new Error('it was appended'));
      });
      for (const request of requests) call.write(request);
      call.end();
    });
  }

  function appendOptions(stream: string): streams.AppendReq {
    const options = new streams.AppendReq.Options()
      .setStreamIdentifier(identifier(stream))
      .setAny(new shared.Empty());
    return new streams.AppendReq().setOptions(options);
  }

  function appendMessage(properties: Record<string, string>, dataBytes = 1): streams.AppendReq {
    const message = new streams.AppendReq.ProposedMessage()
      .setId(new shared.UUID().setString(randomUUID()))
      .setData(new Uint8Array(dataBytes));
    for (const [key, value] of Object.entries(properties)) message.getMetadataMap().set(key, value);
    return new streams.AppendReq().setProposedMessage(message);
  }

  const PROPER = { type: 'thing', 'content-type': 'application/octet-stream' };

  it('a deletion with a wrong revision, with what was expected and what there is', async () => {
    const error = await deletion('nothing', '3');

    expect(error.code).toBe(status.FAILED_PRECONDITION);
    expect(error.details).toBe(
      'Delete failed due to WrongExpectedVersion. Stream: nothing, Expected version: 3, Actual version: -1',
    );
    expect(trailersOf(error)).toEqual({
      exception: 'wrong-expected-version',
      'stream-name': 'nothing',
      'expected-version': '3',
      'actual-version': '-1',
    });
  });

  it('a stream that is tombstoned, under a name that trailers cannot hold', async () => {
    await store.log.log.delete('größe 1', 'any', true);

    const error = await deletion('größe 1');

    expect(error.code).toBe(status.FAILED_PRECONDITION);
    expect(error.details).toBe("Event stream 'größe 1' is deleted.");
    expect(trailersOf(error)).toEqual({
      exception: 'stream-deleted',
      'stream-name': 'gr%c3%b6%c3%9fe 1',
    });
  });

  it('an append that is too large, while it is still being sent', async () => {
    const error = await new Promise<ServiceError | null>((resolve) => {
      const call = client.append(resolve);
      call.write(appendOptions('large'));
      call.write(appendMessage(PROPER, 1024 * 1024 + 1));
    });

    expect(error?.code).toBe(status.INVALID_ARGUMENT);
    expect(error && trailersOf(error)).toEqual({
      exception: 'maximum-append-size-exceeded',
      'maximum-append-size': '1048576',
    });
  });

  it.each(['type', 'content-type'])('an event without %s', async (missing) => {
    const others = Object.entries(PROPER).filter(([name]) => name !== missing);

    const error = await append(appendOptions('one'), appendMessage(Object.fromEntries(others)));

    expect(error.code).toBe(status.INVALID_ARGUMENT);
    expect(error.details).toBe(`Required Metadata Property '${missing}' is missing`);
    expect(trailersOf(error)).toEqual({
      exception: 'missing-required-metadata-property',
      'required-metadata-properties': 'type,content-type',
    });
  });

  it.each([
    ['with nothing in it', []],
    ['whose first message is an event', [appendMessage(PROPER)]],
    ['that has options twice', [appendOptions('one'), appendOptions('one')]],
  ])('an append %s', async (_name, requests) => {
    const error = await append(...requests);

    expect(error.code).toBe(status.UNKNOWN);
    expect(error.details).toBe('Exception was thrown by handler.');
  });

  it('an append to $all', async () => {
    const error = await append(appendOptions('$all'), appendMessage(PROPER));

    expect(error.code).toBe(status.PERMISSION_DENIED);
    expect(trailersOf(error)).toEqual({ exception: 'access-denied' });
  });

  describe('a read', () => {
    const { Options } = streams.ReadReq;

    function options(): streams.ReadReq.Options {
      const stream = new Options.StreamOptions()
        .setStreamIdentifier(identifier('one'))
        .setStart(new shared.Empty());
      return new Options()
        .setStream(stream)
        .setCount('1')
        .setNoFilter(new shared.Empty())
        .setUuidOption(new Options.UUIDOption().setString(new shared.Empty()));
    }

    function filter(): streams.ReadReq.Options.FilterOptions {
      const expression = new Options.FilterOptions.Expression().setRegex('^a');
      return new Options.FilterOptions()
        .setEventType(expression)
        .setCount(new shared.Empty())
        .setCheckpointintervalmultiplier(1);
    }

    function all(): streams.ReadReq.Options {
      return options().setAll(new Options.AllOptions().setStart(new shared.Empty()));
    }

    it.each([
      ['of a stream with a filter', options().setFilter(filter())],
      ['without a word about filters', options().setNoFilter(undefined)],
      ['without a form for ids', options().setUuidOption(undefined)],
      ['of nothing', options().setStream(undefined)],
      [
        'that subscribes backwards',
        options()
          .setSubscription(new Options.SubscriptionOptions())
          .setReadDirection(Options.ReadDirection.BACKWARDS),
      ],
      ['whose filter has no search window', all().setFilter(filter().setCount(undefined))],
      [
        'whose checkpoints never come',
        all().setFilter(filter().setCheckpointintervalmultiplier(0)),
      ],
    ])('%s is refused', async (_name, requested) => {
      const error = await failureOf(
        client.read(new streams.ReadReq().setOptions(requested)).resume(),
      );

      expect(error.code).toBe(status.INVALID_ARGUMENT);
    });

    it('of no events has the answer of EventStoreDB', async () => {
      const requested = options().setCount('0');

      const error = await failureOf(
        client.read(new streams.ReadReq().setOptions(requested)).resume(),
      );

      expect(error.code).toBe(status.UNKNOWN);
      expect(error.details).toBe('Unexpected ReadStreamResult: Error');
    });

    it('ends when its deadline passes', async () => {
      const requested = options().setSubscription(new Options.SubscriptionOptions());
      const deadline = Date.now() + 100;

      const error = await failureOf(
        client.read(new streams.ReadReq().setOptions(requested), { deadline }).resume(),
      );

      expect(error.code).toBe(status.DEADLINE_EXCEEDED);
    });

    it('gives ids in the form that the client asks for', async () => {
      const id = 'fedcba98-7654-4321-8fed-cba987654321';
      await store.log.log.append('one', 'any', [
        {
          id,
          type: 'thing',
          isJson: false,
          data: new Uint8Array(),
          metadata: new Uint8Array(),
        },
      ]);
      const form = new Options.UUIDOption().setStructured(new shared.Empty());
      const received: streams.ReadResp[] = [];
      const requested = options().setUuidOption(form);

      for await (const message of client.read(new streams.ReadReq().setOptions(requested))) {
        received.push(message as streams.ReadResp);
      }

      const structured = received[0]?.getEvent()?.getEvent()?.getId()?.getStructured();
      const part = (bits = '0'): string =>
        BigInt.asUintN(64, BigInt(bits)).toString(16).padStart(16, '0');
      expect(
        part(structured?.getMostSignificantBits()) + part(structured?.getLeastSignificantBits()),
      ).toBe(id.replaceAll('-', ''));
    });
  });
});
