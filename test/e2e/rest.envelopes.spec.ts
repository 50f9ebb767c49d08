import { RecordingReceiver } from '../support/recording-receiver.js';
import { RestServer } from '../support/rest-server.js';

describe('filter, envelope and transform of a webhook over REST', () => {
  let server: RestServer;
  let receiver: RecordingReceiver;

  beforeAll(async () => {
    receiver = await RecordingReceiver.start();
    server = await (await RestServer.start()).ready();
  });
  afterAll(async () => {
    await server.stop();
    await receiver.close();
  });

  function register(id: string, parts: object) {
    const definition = { id, url: receiver.url(`/${id}`), eventTypes: ['order.placed'] };
    return server.api.post('/api/v1/webhooks').send({ ...definition, ...parts });
  }

  it('are shown as they were said, and taken back in the same form', async () => {
    const asked = { filter: 'data.test', transform: '{text: type}' };
    const { body } = await register('asking', asked).expect(201);

    const shown = {
      filter: { kind: 'jmespath', expression: 'data.test' },
      envelope: 'standard',
      transform: { kind: 'jmespath', expression: '{text: type}' },
    };
    expect(body).toMatchObject(shown);
    const { filter, envelope, transform } = body as typeof shown;
    const changed = await server.api
      .patch('/api/v1/webhooks/asking')
      .send({ filter, envelope, transform })
      .expect(200);
    expect((changed.body as { revision: string }).revision).toBe('0');
  });

  it('are what a test call sends', async () => {
    await register('calling', { transform: '{text: type, test: data.test}' }).expect(201);
    await server.api.post('/api/v1/webhooks/calling/test').expect(200);
    await server.api
      .patch('/api/v1/webhooks/calling')
      .send({ transform: null, envelope: 'cloudevents' })
      .expect(200);
    await server.api.post('/api/v1/webhooks/calling/test').expect(200);

    const [transformed, told] = receiver.at('/calling');
    expect(transformed?.body).toBe('{"text":"order.placed","test":true}');
    expect(told?.headers['content-type']).toBe('application/cloudevents+json');
    expect(JSON.parse(told?.body ?? '')).toMatchObject({
      specversion: '1.0',
      type: 'order.placed',
    });
  });

  it('are refused where they cannot be read, every mistake at once and with its place', async () => {
    const { body } = await register('wrong', {
      filter: 'data.total > > `1`',
      envelope: 'xml',
      transform: { call: 'f', version: '1' },
    }).expect(400);

    expect((body as { problems: unknown }).problems).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          field: 'filter',
          message: expect.stringContaining('character 14') as string,
        }),
        expect.objectContaining({ field: 'envelope' }),
        expect.objectContaining({
          field: 'transform',
          fix: expect.stringContaining('@Webhook') as string,
        }),
      ]),
    );
  });
});
