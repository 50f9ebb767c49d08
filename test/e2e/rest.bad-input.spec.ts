import { once } from 'node:events';
import { connect } from 'node:net';
import { END, type ReadPosition, START } from '@eventstore/db-client';
import { EVENT_STORE_CLIENT, type EventStoreClient } from '../../src/index.js';
import { API_TOKEN, RestServer } from '../support/rest-server.js';

const MAX_BODY_BYTES = 65_536;

describe('bad input over HTTP', () => {
  let server: RestServer;
  /** Where this suite begins, on an event store that others have used before. */
  let start: ReadPosition = START;
  let storedAtStart: string[] = [];

  beforeAll(async () => {
    server = await (await RestServer.start({ maxBodyBytes: MAX_BODY_BYTES })).ready();
    start = await endOfLog();
    storedAtStart = await storedEvents();
  });
  afterAll(async () => {
    await server.stop();
  });
  afterEach(leavesNoTrace);

  /** Whatever came, the service goes on, and nothing was stored. */
  async function leavesNoTrace(): Promise<void> {
    await server.anonymous.get('/api/v1/health/ready').expect(200);
    expect(await storedEvents()).toEqual(storedAtStart);
    const { body } = await server.api.get('/api/v1/webhooks').expect(200);
    expect(body).toMatchObject({ items: [] });
  }

  async function endOfLog(): Promise<ReadPosition> {
    const newest = { direction: 'backwards', fromPosition: END, maxCount: 1 } as const;
    const store = server.app.get<EventStoreClient>(EVENT_STORE_CLIENT);
    for await (const { event } of store.readAll(newest)) return event?.position ?? START;
    return START;
  }

  async function storedEvents(): Promise<string[]> {
    const found: string[] = [];
    const store = server.app.get<EventStoreClient>(EVENT_STORE_CLIENT);
    for await (const { event } of store.readAll({ fromPosition: start })) {
      const stream = event?.streamId ?? '$';
      if (!stream.startsWith('$') && !stream.startsWith(server.streamPrefix)) found.push(stream);
    }
    return found;
  }

  function post(path: string, body: string | Buffer, type = 'application/json') {
    return server.api.post(`/api/v1/${path}`).set('Content-Type', type).send(body);
  }

  function problem(code: string) {
    return (response: { body: object; headers: Record<string, string>; status: number }) => {
      expect(response.headers['content-type']).toMatch(/^application\/problem\+json/);
      expect(response.body).toMatchObject({
        type: `urn:posthorn:error:${code}`,
        code,
        status: response.status,
        title: expect.any(String),
        detail: expect.any(String),
        fix: expect.any(String),
      });
    };
  }

  describe('without the right token', () => {
    it.each([
      ['none', undefined],
      ['another', 'Bearer another-token-entirely'],
      ['another scheme', `Basic ${API_TOKEN}`],
      ['an empty one', 'Bearer '],
      ['a prefix of it', `Bearer ${API_TOKEN.slice(0, -1)}`],
    ])('%s: 401', async (_name, authorization) => {
      for (const path of ['webhooks', 'deliveries', 'dead-letters']) {
        const call = server.anonymous.get(`/api/v1/${path}`);
        if (authorization !== undefined) void call.set('Authorization', authorization);
        const response = await call.expect(401);
        problem('PSH_API_UNAUTHORIZED')(response);
        expect(response.headers['www-authenticate']).toContain('Bearer');
      }
    });

    it('is refused before its body is judged', async () => {
      await server.anonymous.post('/api/v1/events').send({ bogus: 1 }).expect(401);
    });
  });

  describe('bodies', () => {
    it.each([
      ['cut off', '{"stream": "a", '],
      ['a bare word', 'hello'],
      ['a number', '42'],
      ['two values', '{}{}'],
      ['a comment', '{/* */}'],
      ['not a number', '{"a": NaN}'],
    ])('malformed, %s: 400', async (_name, body) => {
      problem('PSH_API_MALFORMED_BODY')(await post('events', body).expect(400));
    });

    it('not UTF-8: 400', async () => {
      const body = Buffer.concat([
        Buffer.from('{"stream":"a","events":[{"type":"b","data":"'),
        Buffer.from([0xff, 0xfe, 0xc3, 0x28]),
        Buffer.from('"}]}'),
      ]);

      problem('PSH_API_MALFORMED_BODY')(
        await server.api
          .post('/api/v1/events')
          .set('Content-Type', 'application/json')
          .serialize((value) => value as string)
          .send(body)
          .expect(400),
      );
    });

    it('too large: 413', async () => {
      const data = 'x'.repeat(MAX_BODY_BYTES);
      const body = JSON.stringify({ stream: 'a', events: [{ type: 'b', data }] });

      problem('PSH_API_BODY_TOO_LARGE')(await post('events', body).expect(413));
    });

    it('nested deeper than any stack: 400', async () => {
      const deep = '['.repeat(30_000) + ']'.repeat(30_000);
      const body = `{"stream":"a","events":[{"type":"b","data":${deep}}]}`;

      problem('PSH_API_BODY_TOO_DEEP')(await post('events', body).expect(400));
      problem('PSH_API_BODY_TOO_DEEP')(
        await post('webhooks', `{"id":"a","headers":${deep}}`).expect(400),
      );
    });

    it.each([
      'text/plain',
      'application/xml',
      'application/x-www-form-urlencoded',
      'multipart/form-data',
    ])('of type %s: 415', async (type) => {
      problem('PSH_API_UNSUPPORTED_MEDIA_TYPE')(await post('events', '{}', type).expect(415));
    });

    it('compressed in a way that is not known: 415', async () => {
      problem('PSH_API_UNSUPPORTED_MEDIA_TYPE')(
        await post('events', '{}').set('Content-Encoding', 'rot13').expect(415),
      );
    });

    it.each(['[]', '[{"stream":"a"}]', '[[]]'])(
      'the array %s where an object belongs: 400',
      async (body) => {
        for (const path of ['events', 'webhooks', 'dead-letters/replay']) {
          const response = await post(path, body).expect(400);
          expect(response.body).toMatchObject({ problems: [{ field: '' }] });
        }
      },
    );
  });

  describe('fields of POST /events', () => {
    const good = { stream: 'order-1', events: [{ type: 'OrderPlaced', data: {} }] };

    async function problemsOf(body: object): Promise<string[]> {
      const response = await post('events', JSON.stringify(body)).expect(400);
      problem('PSH_API_INVALID_INPUT')(response);
      const { problems } = response.body as { problems: { field: string }[] };
      return problems.map(({ field }) => field).sort();
    }

    it('are all named at once', async () => {
      const body = {
        stream: 7,
        expectedRevision: -1,
        events: [{ id: 'x', type: '', metadata: [] }, { type: 'a', data: 1, extra: true }, null],
        tenant: 'acme',
      };

      expect(await problemsOf(body)).toEqual([
        'events[0].data',
        'events[0].id',
        'events[0].metadata',
        'events[0].type',
        'events[1].extra',
        'events[2]',
        'expectedRevision',
        'stream',
        'tenant',
      ]);
    });

    it.each([
      ['empty', ''],
      ['with a line break', 'a\nb'],
      ['with NUL', 'a\u0000b'],
      ['with half a character', 'a\ud800b'],
      ['with a line separator', 'a\u2028b'],
      ['endless', 'x'.repeat(513)],
      ['no text', ['a']],
    ])('a stream name that is hostile, %s', async (_name, stream) => {
      expect(await problemsOf({ ...good, stream })).toEqual(['stream']);
    });

    it.each([1.5, -1, '-1', 'latest', '99999999999999999999', null, {}, [], true])(
      'expectedRevision %j',
      async (expectedRevision) => {
        expect(await problemsOf({ ...good, expectedRevision })).toEqual(['expectedRevision']);
      },
    );

    it('no events, and too many', async () => {
      const event = { type: 'a', data: 1 };

      expect(await problemsOf({ ...good, events: [] })).toEqual(['events']);
      expect(await problemsOf({ ...good, events: Array(1_001).fill(event) })).toEqual(['events']);
    });

    it('event types of the event store itself', async () => {
      const events = [{ type: '$>', data: '0@order-1' }];

      expect(await problemsOf({ ...good, events })).toEqual(['events[0].type']);
    });

    it('names that would steer the object', async () => {
      const body =
        '{"stream":"a","events":[{"type":"b","data":1}],"__proto__":{"x":1},"constructor":1}';

      const response = await post('events', body).expect(400);

      expect(response.body).toMatchObject({
        problems: [{ field: '__proto__' }, { field: 'constructor' }],
      });
    });
  });

  describe('queries', () => {
    it.each([
      'limit=0',
      'limit=251',
      'limit=ten',
      'limit=1&limit=2',
      'status=lost',
      'statusCode=99',
      'from=yesterday',
      'from=2026-02-30T00:00:00',
      'to=2026-13-01',
      'webhookId=',
      'webhookId=a&webhookId=b',
      'colour=red',
      '__proto__=1',
      'webhookId[$ne]=1',
    ])('GET /deliveries?%s: 400', async (query) => {
      const response = await server.api.get(`/api/v1/deliveries?${query}`).expect(400);

      problem('PSH_API_INVALID_INPUT')(response);
    });

    it.each(['made-up', 'AAAA', '%00', 'e30', 'bnVsbA'])('cursor %s: 400', async (cursor) => {
      for (const path of ['deliveries', 'dead-letters']) {
        const { body } = await server.api.get(`/api/v1/${path}?cursor=${cursor}`).expect(400);
        expect(body).toMatchObject({ status: 400, code: expect.stringMatching(/^PSH_/) });
      }
    });
  });

  describe('paths', () => {
    it.each([
      ['GET', '/'],
      ['GET', '/api'],
      ['GET', '/api/v1/nothing'],
      ['PUT', '/api/v1/webhooks/a'],
      ['GET', '/api/v1/events'],
      ['GET', '/api/v1/../../etc/passwd'],
    ] as const)('%s %s: 404', async (method, path) => {
      const call = method === 'GET' ? server.api.get(path) : server.api.put(path);

      problem('PSH_API_ROUTE_NOT_FOUND')(await call.expect(404));
    });

    it('with a broken escape: 400', async () => {
      problem('PSH_API_BAD_REQUEST')(await server.api.get('/api/v1/webhooks/%ff').expect(400));
    });

    it.each([
      'deliveries/none',
      'deliveries/..%2f..',
      'deliveries/%00',
      'webhooks/none',
      'webhooks/%0a',
    ])('GET %s: 404', async (path) => {
      const { body } = await server.api.get(`/api/v1/${path}`).expect(404);
      expect(body).toMatchObject({ status: 404, code: expect.stringMatching(/_NOT_FOUND$/) });
    });

    it.each([
      'deliveries/none/replay',
      'deliveries/none/discard',
      'webhooks/none/pause',
      'webhooks/none/test',
    ])('POST %s: 404', async (path) => {
      const { body } = await server.api.post(`/api/v1/${path}`).send({}).expect(404);
      expect(body).toMatchObject({ code: expect.stringMatching(/_NOT_FOUND$/) });
    });
  });

  describe('HTTP itself', () => {
    async function raw(text: string): Promise<string> {
      const socket = connect(server.port, '127.0.0.1');
      socket.setEncoding('utf8');
      let answer = '';
      socket.on('data', (chunk: string) => (answer += chunk));
      socket.write(text);
      await once(socket, 'close');
      return answer;
    }

    it('what is no HTTP: 400, as a problem', async () => {
      const answer = await raw('HELO there\r\n\r\n');

      expect(answer).toMatch(/^HTTP\/1\.1 400 /);
      expect(answer).toContain('application/problem+json');
      expect(answer).toContain('PSH_API_BAD_REQUEST');
    });

    it('headers without end: 431, as a problem', async () => {
      const answer = await raw(
        `GET / HTTP/1.1\r\nHost: a\r\nX-Long: ${'x'.repeat(40_000)}\r\n\r\n`,
      );

      expect(answer).toMatch(/^HTTP\/1\.1 431 /);
      expect(answer).toContain('PSH_API_BAD_REQUEST');
    });

    it('every answer carries safe headers and says nothing of what serves it', async () => {
      const { headers } = await server.anonymous.get('/api/v1/health/live').expect(200);

      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'cache-control': 'no-store',
        'content-security-policy': expect.stringContaining("default-src 'none'"),
      });
      expect(headers).not.toHaveProperty('x-powered-by');
    });
  });
});
