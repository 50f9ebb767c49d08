import {
  EventStoreDBClient,
  isCommandError,
  jsonEvent,
  type JSONType,
  persistentSubscriptionToAllSettingsFromDefaults,
} from '@eventstore/db-client';
import { Logger } from '@nestjs/common';
import { connectEventStore, type EventStoreClient } from '../../modules/event-store/index.js';
import { TcpRelay } from '../support/tcp-relay.js';
import { WireStore } from '../support/wire-store.js';

/**
 * A process that does to its event store what `scenario` says, through the official client as it is or as Posthorn connects
 * it, and prints what became of it. Whether it is alive afterwards is the question.
 */
Logger.overrideLogger(false);
const [scenario = '', via = ''] = process.argv.slice(2);

const event = (data: unknown = {}) => jsonEvent({ type: 'thing-happened', data: data as JSONType });

async function connect(url: string): Promise<EventStoreClient> {
  if (via === 'official') return EventStoreDBClient.connectionString(url);
  return (await connectEventStore({ url })).client;
}

/** Rejects when it takes longer than anything here may. */
async function settled(work: readonly Promise<unknown>[]): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new Error('some of it never ended'));
    }, 30_000);
  });
  const results = await Promise.race([Promise.allSettled(work), tooLong]);
  clearTimeout(timer);
  const failed = results.filter(({ status }) => status === 'rejected').length;
  return `${results.length - failed} done, ${failed} failed`;
}

const turn = (ms = 50): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** An append is under way while the connection of `other` breaks; its answer comes afterwards. */
async function otherIsCutOff(connectOther: (url: string) => Promise<EventStoreClient>) {
  const [near, far] = [await WireStore.open(), await WireStore.open()];
  const toNear = await TcpRelay.to(near.server.port);
  const toFar = await TcpRelay.to(far.server.port);
  const client = await connect(toNear.connectionString);
  const other = await connectOther(toFar.connectionString);
  await Promise.all([client.appendToStream('a', event()), other.appendToStream('b', event())]);

  toNear.hold('server');
  const appended = settled([client.appendToStream('a', event())]);
  await turn();
  toFar.cut();
  await turn();
  toNear.release();
  const outcome = await appended;
  await turn();
  return outcome;
}

/** The application's own client loses its connection while appends of the other one are under way. */
const clientOfTheApplicationIsCutOff = (): Promise<string> =>
  otherIsCutOff((url) => Promise.resolve(EventStoreDBClient.connectionString(url)));

/** As it may be with a connection to a node that was the leader once, too. */
const anotherConnectionIsCutOff = (): Promise<string> => otherIsCutOff(connect);

/** So many appends at once that the socket is full, when the connection breaks. */
async function floodIsCutOff(): Promise<string> {
  const store = await WireStore.open();
  const relay = await TcpRelay.to(store.server.port);
  const client = await connect(relay.connectionString);
  await client.appendToStream('a', event());

  relay.hold('client');
  const data = { text: 'x'.repeat(50_000) };
  const appends = Array.from({ length: 200 }, () => client.appendToStream('a', event(data)));
  await turn(200);
  relay.cut();
  return settled(appends);
}

/** The whole cluster is gone while calls are under way, and comes back. */
async function clusterIsGone(): Promise<string> {
  const store = await WireStore.open();
  const { port } = store.server;
  const url = `esdb+discover://127.0.0.1:${port}?tls=false&maxDiscoverAttempts=2&discoveryInterval=20`;
  const client = await connect(url);
  await client.appendToStream('a', event());
  const folder = await store.stop();
  for (let round = 0; round < 5; round++) {
    const reads = [client.getStreamMetadata('a'), client.getStreamMetadata('b')];
    await settled([client.appendToStream('a', event()), ...reads]);
    await turn();
  }
  const again = await WireStore.open({ port }, folder);
  const appended = await settled([client.appendToStream('a', event())]);
  await again.close();
  return appended;
}

/** Data that JSON has no form for. */
async function dataIsNoJson(): Promise<string> {
  const store = await WireStore.open();
  const client = await connect(store.connectionString);
  const append = client.appendToStream('a', event({ amount: 1n }));
  const error: unknown = await append.catch((failure: unknown) => failure);
  return error instanceof Error && isCommandError(error) ? error.type : String(error);
}

/** So many acknowledgements that the socket is full, when the connection breaks. */
async function acknowledgementsAreCutOff(): Promise<string> {
  const store = await WireStore.open();
  const relay = await TcpRelay.to(store.server.port);
  const client = await connect(relay.connectionString);
  const settings = persistentSubscriptionToAllSettingsFromDefaults({ startFrom: 'start' });
  await client.createPersistentSubscriptionToAll('group', settings);
  await client.appendToStream('a', event());
  const subscription = client.subscribeToPersistentSubscriptionToAll('group');
  subscription.on('error', () => undefined);
  const [message] = await new Promise<Parameters<typeof subscription.ack>>((resolve) => {
    subscription.once('data', (received: Parameters<typeof subscription.ack>[0]) => {
      resolve([received]);
    });
  });
  if (!message) throw new Error('no message');

  relay.hold('client');
  const many = Array.from({ length: 2_000 }, () => message);
  const acks = Array.from({ length: 100 }, () => subscription.ack(...many));
  await turn(200);
  relay.cut();
  return settled(acks);
}

const SCENARIOS: Readonly<Record<string, () => Promise<string>>> = {
  clientOfTheApplicationIsCutOff,
  anotherConnectionIsCutOff,
  floodIsCutOff,
  clusterIsGone,
  dataIsNoJson,
  acknowledgementsAreCutOff,
};

process.stdout.write(`${(await SCENARIOS[scenario]?.()) ?? 'no such scenario'}\n`);
await turn(200);
process.stdout.write('alive\n');
process.exit(0);
