import { randomUUID } from 'node:crypto';
import persistentServices from '@eventstore/db-client/generated/persistent_grpc_pb.js';
import { type ClientDuplexStream, credentials, status } from '@grpc/grpc-js';
import { failureOf, identifier } from '../../../../test/support/wire-calls.js';
import { WireStore } from '../../../../test/support/wire-store.js';
import type { GroupSettings } from '../../persistent-subscriptions/group-settings.js';
import { persistent, shared } from '../protocol.js';

const { ReadReq } = persistent;

const SETTINGS: GroupSettings = {
  resolveLinkTos: false,
  extraStatistics: false,
  messageTimeoutMs: 30_000,
  maxRetryCount: 10,
  checkpointAfterMs: 2_000,
  minCheckpointCount: 10,
  maxCheckpointCount: 1_000,
  maxSubscriberCount: 0,
  liveBufferSize: 500,
  readBatchSize: 20,
  historyBufferSize: 500,
  consumerStrategyName: 'RoundRobin',
  startFrom: 0n,
};

describe('PersistentSubscriptions.Read', () => {
  let store: WireStore;
  let client: InstanceType<typeof persistentServices.PersistentSubscriptionsClient>;
  let call: ClientDuplexStream<persistent.ReadReq, persistent.ReadResp>;
  let responses: AsyncIterator<unknown> | undefined;

  beforeEach(async () => {
    store = await WireStore.open();
    await store.persistentSubscriptions.create({ stream: 'orders' }, 'group', SETTINGS);
    client = new persistentServices.PersistentSubscriptionsClient(
      store.address,
      credentials.createInsecure(),
    );
    call = client.read();
    responses = undefined;
  });

  afterEach(async () => {
    call.on('error', () => undefined).cancel();
    client.close();
    await store.close();
  });

  async function append(...ids: string[]): Promise<void> {
    const nothing = new Uint8Array(0);
    const events = ids.map((id) => ({
      id,
      type: 'placed',
      isJson: false,
      data: nothing,
      metadata: nothing,
    }));
    await store.log.log.append('orders', 'any', events);
  }

  function connect(bufferSize = 10): void {
    const form = new ReadReq.Options.UUIDOption().setStructured(new shared.Empty());
    const options = new ReadReq.Options()
      .setStreamIdentifier(identifier('orders'))
      .setGroupName('group')
      .setBufferSize(bufferSize)
      .setUuidOption(form);
    call.write(new ReadReq().setOptions(options));
  }

  async function next(): Promise<persistent.ReadResp> {
    responses ??= call[Symbol.asyncIterator]();
    const { value } = await responses.next();
    return value as persistent.ReadResp;
  }

  it('confirms, delivers, and takes acknowledgements in the form in which it gave the ids', async () => {
    const [first, second] = [randomUUID(), randomUUID()];
    connect(1);
    const confirmation = await next();
    await append(first, second);
    const delivery = await next();
    const id = delivery.getEvent()?.getEvent()?.getId();

    call.write(new ReadReq().setAck(new ReadReq.Ack().setIdsList(id ? [id] : [])));
    const following = await next();

    expect(confirmation.getSubscriptionConfirmation()?.getSubscriptionId()).toBe('orders::group');
    expect(delivery.getEvent()?.getRetryCount()).toBe(0);
    expect(id?.hasStructured()).toBe(true);
    expect(following.getEvent()?.getEvent()?.getStreamRevision()).toBe('1');
  });

  it('takes acknowledgements that were sent before it confirmed', async () => {
    const id = randomUUID();
    await append(id, randomUUID());
    connect(1);
    call.write(
      new ReadReq().setAck(new ReadReq.Ack().setIdsList([new shared.UUID().setString(id)])),
    );

    await next();
    await next();
    const following = await next();

    expect(following.getEvent()?.getEvent()?.getStreamRevision()).toBe('1');
  });

  it.each([
    ['an id that is none', new ReadReq().setAck(new ReadReq.Ack().setIdsList([new shared.UUID()]))],
    ['an action that there is not', new ReadReq().setNack(unknownAction())],
  ])('ends when it is sent %s', async (_name, request) => {
    connect();
    await next();
    const failure = failureOf(call);

    call.write(request);

    expect((await failure).code).toBe(status.INVALID_ARGUMENT);
  });

  it('fails when the first message does not say which group', async () => {
    const failure = failureOf(call.resume());

    call.write(new ReadReq().setAck(new ReadReq.Ack()));

    expect((await failure).code).toBe(status.UNKNOWN);
  });

  it('fails without room for a single message', async () => {
    const failure = failureOf(call.resume());

    connect(0);

    expect((await failure).code).toBe(status.UNKNOWN);
  });

  it('frees what the consumer holds when it stops sending', async () => {
    await append(randomUUID());
    connect();
    await next();
    await next();

    call.end();
    await next();

    const info = await store.persistentSubscriptions.info({ stream: 'orders' }, 'group');
    expect(info.connections).toHaveLength(0);
    expect(info.retryBufferCount).toBe(1);
  });

  it('ends as unavailable when the server stops, with its group as it was', async () => {
    connect();
    await next();
    const failure = failureOf(call.resume());

    await store.server.close();

    expect((await failure).code).toBe(status.UNAVAILABLE);
    const info = await store.persistentSubscriptions.info({ stream: 'orders' }, 'group');
    expect(info.connections).toHaveLength(0);
  });
});

function unknownAction(): persistent.ReadReq.Nack {
  const nack = new ReadReq.Nack();
  Reflect.apply(nack.setAction.bind(nack), undefined, [9]);
  return nack;
}
