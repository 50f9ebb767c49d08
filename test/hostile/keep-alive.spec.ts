import type { Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { answer, type Endpoint } from './endpoint.js';
import { HEAD } from './floods.js';
import { outgoing, SendingRig, until } from './sending.js';

/** A response that nobody asked for. Recorded as the answer to any request, it would be a false success. */
const SMUGGLED = answer(200, 'smuggled');

const HONEST = answer(503, 'honest');

describe('a connection that is kept', () => {
  const rig = new SendingRig();

  afterEach(() => rig.close());

  /** What is answered to the request after one that the endpoint answers like this. */
  async function answerAfter(
    behaviour: (socket: Socket) => void,
    before: (endpoint: Endpoint) => Promise<void> = () => Promise.resolve(),
  ): Promise<{ readonly body: string | null; readonly connections: number }> {
    const endpoint = await rig.endpoint((socket) => {
      if (endpoint.requests.length === 1) behaviour(socket);
      else socket.write(HONEST);
    });
    const sender = rig.sender();
    expect((await sender.send(outgoing(endpoint.url()))).verdict).toBe('success');
    await before(endpoint);
    const next = await sender.send(outgoing(endpoint.url()));
    return { body: next.responseBody, connections: endpoint.connections };
  }

  describe('is closed when more comes than was asked for, and the next request gets its own answer', () => {
    it.each([
      ['a second response at once', `${answer(200)}${SMUGGLED}`],
      [
        'a second response behind the announced length',
        `${HEAD}content-length: 2\r\n\r\nok${SMUGGLED}`,
      ],
      [
        'a second response behind the last chunk',
        `${HEAD}transfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n${SMUGGLED}`,
      ],
      ['a second response behind 204', `HTTP/1.1 204 x\r\n\r\n${SMUGGLED}`],
      ['a hundred responses', answer(200) + SMUGGLED.repeat(100)],
      ['the beginning of a response', `${answer(200)}HTTP/1.1 200 OK\r\ncontent-le`],
      ['an interim response', `${answer(200)}HTTP/1.1 103 x\r\n\r\n`],
      ['a body that is longer than announced', `${HEAD}content-length: 2\r\n\r\nokok`],
    ])('%s', async (_what, bytes) => {
      const { body, connections } = await answerAfter((socket) => socket.write(bytes));

      expect(body).toBe('honest');
      expect(connections).toBe(2);
    });

    it('a response while it is idle', async () => {
      const { body, connections } = await answerAfter(
        (socket) => socket.write(answer(200)),
        async (endpoint) => {
          for (const socket of endpoint.sockets) socket.write(SMUGGLED);
          await until(() => endpoint.sockets.size === 0);
        },
      );

      expect(body).toBe('honest');
      expect(connections).toBe(2);
    });

    it('a response that arrives just before the next request is written', async () => {
      const { body, connections } = await answerAfter(
        (socket) => socket.write(answer(200)),
        async (endpoint) => {
          // In the check phase: what is written now lies in the kernel when the next request is handed over.
          await setImmediate();
          for (const socket of endpoint.sockets) socket.write(SMUGGLED);
        },
      );

      expect(body).toBe('honest');
      expect(connections).toBe(2);
    });

    it('empty lines while it is idle', async () => {
      const { body, connections } = await answerAfter(
        (socket) => socket.write(answer(200)),
        async (endpoint) => {
          for (const socket of endpoint.sockets) socket.write('\r\n');
          await until(() => endpoint.sockets.size === 0);
        },
      );

      expect(body).toBe('honest');
      expect(connections).toBe(2);
    });

    it('a response while another request waits for this very connection', async () => {
      const endpoint = await rig.endpoint((socket) => {
        socket.write(endpoint.requests.length === 1 ? `${answer(200)}${SMUGGLED}` : HONEST);
      });
      const sender = rig.sender({ maxConnectionsPerOrigin: 1 });

      const results = await Promise.all([
        sender.send(outgoing(endpoint.url())),
        sender.send(outgoing(endpoint.url())),
        sender.send(outgoing(endpoint.url())),
      ]);

      expect(results.map(({ responseBody }) => responseBody)).toEqual(['', 'honest', 'honest']);
      expect(endpoint.connections).toBe(2);
    });
  });

  it('is closed soon after it was used last', async () => {
    const endpoint = await rig.endpoint();
    const sender = rig.sender({ idleTimeoutMs: 50 });

    await sender.send(outgoing(endpoint.url()));
    expect(sender.connectionCount).toBe(1);
    await until(() => sender.connectionCount === 0);

    await until(() => endpoint.sockets.size === 0);
  });

  it.each([
    ['keep-alive: timeout=86400', 1],
    ['keep-alive: timeout=-1', 1],
    ['keep-alive: timeout=1', 0],
    ['connection: close', 0],
  ])('lasts no longer than a sensible hint asks for: %s', async (hint, kept) => {
    const endpoint = await rig.endpoint((socket) => socket.write(answer(200, '', [hint])));
    const sender = rig.sender();

    await sender.send(outgoing(endpoint.url()));
    await until(() => sender.connectionCount === kept);

    expect(sender.connectionCount).toBe(kept);
  });
});
