import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { EVENT_STORE_CLIENT, type EventStoreClient } from '../../src/index.js';
import { RestServer } from '../support/rest-server.js';

describe('POST /api/v1/events', () => {
  let server: RestServer;
  /** No other run of this suite has used these streams, on whatever event store. */
  const run = randomUUID();

  beforeAll(async () => {
    server = await RestServer.start();
  });
  afterAll(async () => {
    await server.stop();
  });

  function append(body: object) {
    return server.api.post('/api/v1/events').send(body);
  }

  function placed(fields: object = {}) {
    return { type: 'OrderPlaced', data: { total: 99.5 }, ...fields };
  }

  async function read(stream: string) {
    const store = server.app.get<EventStoreClient>(EVENT_STORE_CLIENT);
    const events = [];
    for await (const { event } of store.readStream(stream)) if (event) events.push(event);
    return events;
  }

  it('appends events and answers with revision and position as strings', async () => {
    const first = await append({ stream: `order-1-${run}`, events: [placed(), placed()] }).expect(
      201,
    );
    const second = await append({ stream: `order-1-${run}`, events: [placed()] }).expect(201);

    expect(first.body).toEqual({ revision: '1', position: expect.stringMatching(/^\d+$/) });
    expect(second.body).toMatchObject({ revision: '2' });
  });

  it('stores exactly what it was sent', async () => {
    let count = 0;
    await fc.assert(
      fc.asyncProperty(fc.jsonValue({ maxDepth: 5 }), async (data) => {
        const stream = `exact-${String(count++)}-${run}`;

        await append({ stream, events: [{ type: 'Anything', data }] }).expect(201);

        const [event] = await read(stream);
        expect(JSON.stringify(event?.data)).toBe(JSON.stringify(data));
      }),
      { numRuns: 50 },
    );
  });

  it('stores keys that steer objects elsewhere', async () => {
    const stream = `odd-keys-${run}`;
    const text = `{"stream":"${stream}","events":[{"type":"Odd","data":{"constructor":"ACME","__proto__":{"a":1}}}]}`;

    await server.api
      .post('/api/v1/events')
      .set('Content-Type', 'application/json')
      .send(text)
      .expect(201);

    const [event] = await read(stream);
    expect(JSON.stringify(event?.data)).toBe('{"constructor":"ACME","__proto__":{"a":1}}');
  });

  it('keeps metadata and ids', async () => {
    const id = randomUUID();
    const metadata = { tenantId: 'acme', $correlationId: 'c-1' };

    await append({ stream: `order-2-${run}`, events: [placed({ id, metadata })] }).expect(201);

    const [event] = await read(`order-2-${run}`);
    expect(event).toMatchObject({ id, metadata, type: 'OrderPlaced' });
  });

  it('stores a request that is repeated with the same ids once', async () => {
    const body = { stream: `order-3-${run}`, events: [placed({ id: randomUUID().toUpperCase() })] };

    const first = await append(body).expect(201);
    const second = await append(body).expect(201);

    expect(second.body).toEqual(first.body);
    expect(await read(`order-3-${run}`)).toHaveLength(1);
  });

  describe('with an expected revision', () => {
    it.each([
      ['no_stream', 201],
      ['any', 201],
      ['stream_exists', 201],
      [2, 201],
      ['3', 201],
      [3, 409],
      ['0', 409],
      ['no_stream', 409],
    ])('%j answers %i in its turn', async (expectedRevision, status) => {
      await append({ stream: `expected-1-${run}`, expectedRevision, events: [placed()] }).expect(
        status,
      );
    });

    it('tells the revision at which the stream really is', async () => {
      await append({ stream: `expected-2-${run}`, events: [placed(), placed()] }).expect(201);

      const { body, headers } = await append({
        stream: `expected-2-${run}`,
        expectedRevision: 7,
        events: [placed()],
      }).expect(409);

      expect(headers['content-type']).toMatch(/^application\/problem\+json/);
      expect(body).toMatchObject({
        code: 'PSH_API_WRONG_EXPECTED_REVISION',
        status: 409,
        currentRevision: '1',
      });
    });

    it('tells that there is no stream', async () => {
      const { body } = await append({
        stream: `expected-3-${run}`,
        expectedRevision: 'stream_exists',
        events: [placed()],
      }).expect(409);

      expect(body).toMatchObject({ currentRevision: null });
    });
  });

  it('appends to a deleted stream never again', async () => {
    await append({ stream: `gone-1-${run}`, events: [placed()] }).expect(201);
    await server.app.get<EventStoreClient>(EVENT_STORE_CLIENT).tombstoneStream(`gone-1-${run}`);

    const { body } = await append({ stream: `gone-1-${run}`, events: [placed()] }).expect(410);

    expect(body).toMatchObject({ code: 'PSH_API_STREAM_DELETED' });
  });

  it('refuses more than the event store takes at once', async () => {
    const data = 'x'.repeat(700_000);

    const { body } = await append({
      stream: `large-1-${run}`,
      events: [placed({ data }), placed({ data })],
    }).expect(413);

    expect(body).toMatchObject({ code: 'PSH_API_APPEND_TOO_LARGE' });
    await expect(read(`large-1-${run}`)).rejects.toThrow();
  });

  it.each(['$all', '$streams', '$$order-1', '{prefix}registry', '{prefix}delivery-1'])(
    'refuses the stream %j, which is not the application’s',
    async (name) => {
      const stream = name.replace('{prefix}', server.streamPrefix);

      const { body } = await append({ stream, events: [placed()] }).expect(400);

      expect(body).toMatchObject({
        code: 'PSH_API_RESERVED_STREAM',
        problems: [{ field: 'stream' }],
      });
    },
  );
});
