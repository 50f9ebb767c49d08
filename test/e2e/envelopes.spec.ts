import { inspect } from 'node:util';
import { binaryEvent, jsonEvent } from '@eventstore/db-client';
import { type CloudEvent, HTTP } from 'cloudevents';
import {
  type DefinitionBuilder,
  GetDeadLetters,
  TransformedBody,
  Webhook,
  type WebhookDefinition,
} from '../../src/index.js';
import { DeliveryWorld, type Life } from '../support/delivery-world.js';

/** Names that break what was not thought through: spaces, slashes, other scripts, quotes, percent signs. */
const ODD_STREAMS = ['konto-Zoë 1/2?#', '注文-"1"', 'a%2Fb-1', "it's-<b>", '🙂-1'];

describe('what a receiver is sent', () => {
  let world: DeliveryWorld;
  let life: Life;

  beforeAll(async () => {
    world = await DeliveryWorld.create();

    @Webhook({ id: 'transformed' })
    class Transformed implements WebhookDefinition {
      define(webhook: DefinitionBuilder): void {
        webhook
          .toUrl(world.receiver.url('/transformed'))
          .withEventType('order.*')
          .withHeader('X-Kind', 'static')
          .withTransform(({ data, stream }) => {
            if ((data as { refuse?: boolean }).refuse) throw new Error('planted-payload');
            if (data instanceof Uint8Array) return undefined;
            return new TransformedBody(`<order stream="${encodeURIComponent(stream)}"/>`, {
              contentType: 'application/xml',
              headers: { 'x-kind': 'transformed' },
            });
          });
      }
    }

    life = await world.start({}, undefined, [Transformed]);
    await world.register(life, 'cloudevents', (webhook) => webhook.withEnvelope('cloudevents'));
    await world.register(life, 'raw', (webhook) => webhook.withEnvelope('raw'));
    await world.register(life, 'standard');
    await world.register(life, 'expression', (webhook) =>
      webhook.withTransform('{text: type, stream: stream, total: data.total}'),
    );
  });

  afterAll(async () => {
    await world.end();
  });

  it('is a CloudEvent that the official SDK parses, whatever the stream is called', async () => {
    for (const [index, stream] of ODD_STREAMS.entries()) {
      const metadata = index % 2 === 0 ? { $correlationId: `c-${index}`, version: index } : {};
      const event = jsonEvent({ type: 'order.placed', data: { stream, '🙂': null }, metadata });
      await world.store.client.appendToStream(stream, event);
    }
    await world.receiver.until(() => world.receiver.at('/cloudevents').length >= 5);

    const events = world.receiver
      .at('/cloudevents')
      .map(({ body, headers }) => HTTP.toEvent({ body, headers }) as CloudEvent<unknown>);
    expect(events.map(({ subject }) => subject).sort()).toEqual([...ODD_STREAMS].sort());
    for (const { data, source, subject, type } of events) {
      expect(type).toBe('order.placed');
      expect(data).toEqual({ stream: subject, '🙂': null });
      expect(decodeURIComponent(source)).toBe(`/streams/${subject ?? ''}`);
    }
    const noted = events.filter((event) => 'correlationid' in event);
    expect(noted.map((event) => event['typeversion']).sort()).toEqual(['0', '2', '4']);
  });

  it('is the data alone, with the rest in headers', async () => {
    await world.store.client.appendToStream(
      'order-Zoë',
      jsonEvent({ type: 'order.raw', data: { total: 1 } }),
    );
    const sent = () =>
      world.receiver
        .at('/raw')
        .find(({ headers }) => headers['webhook-event-type'] === 'order.raw');
    await world.receiver.until(() => sent() !== undefined);

    expect(sent()?.body).toBe('{"total":1}');
    expect(sent()?.headers).toMatchObject({
      'content-type': 'application/json',
      'webhook-event-stream': 'order-Zo%C3%AB',
      'webhook-event-revision': '0',
    });
  });

  it('is what an expression makes of it', async () => {
    await world.store.client.appendToStream(
      'order-x',
      jsonEvent({ type: 'order.placed', data: { total: 7 } }),
    );
    const bodies = () => world.receiver.at('/expression').map(({ body }) => body);
    const wanted = '{"text":"order.placed","stream":"order-x","total":7}';
    await world.receiver.until(() => bodies().includes(wanted));

    expect(bodies()).toContain(wanted);
  });

  it('is what a transform makes, with its headers in place of static ones', async () => {
    await world.store.client.appendToStream(
      'order-t',
      jsonEvent({ type: 'order.placed', data: {} }),
    );
    const sent = () =>
      world.receiver.at('/transformed').find(({ body }) => body === '<order stream="order-t"/>');
    await world.receiver.until(() => sent() !== undefined);

    expect(sent()?.headers).toMatchObject({
      'content-type': 'application/xml',
      'x-kind': 'transformed',
    });
  });

  it('is nothing where the event cannot be told: a dead letter of that webhook, and of no other', async () => {
    const bytes = binaryEvent({ type: 'order.bytes', data: Buffer.from([0, 255, 1]) });
    const refused = jsonEvent({ type: 'order.refused', data: { refuse: true } });
    await world.store.client.appendToStream('order-b', [bytes, refused]);
    const types = (path: string) =>
      world.receiver.at(path).map(({ headers }) => headers['webhook-event-type']);
    const deadLetters = async () => (await life.queries.execute(new GetDeadLetters({}))).items;
    await world.receiver.until(() => types('/raw').includes('order.refused'));
    let found = await deadLetters();
    while (found.length < 4) found = await deadLetters();

    expect(
      found.map((one) => [one.webhookId, one.eventType, one.finalError.reason]).sort(),
    ).toEqual([
      ['cloudevents', 'order.bytes', 'poison_event'],
      ['standard', 'order.bytes', 'poison_event'],
      ['transformed', 'order.bytes', 'poison_event'],
      ['transformed', 'order.refused', 'poison_event'],
    ]);
    expect(inspect([found, await world.recorded()], { depth: 9 })).not.toContain('planted-payload');
    expect(types('/raw')).toEqual(expect.arrayContaining(['order.bytes', 'order.refused']));
  });
});
