import { answer, type Behaviour } from './endpoint.js';
import { meet } from './encounter.js';
import { HEAD } from './floods.js';
import { outgoing, SendingRig, until } from './sending.js';

describe('receivers that break off', () => {
  const rig = new SendingRig();

  afterEach(() => rig.close());

  it.each<{
    readonly receiver: string;
    readonly behaviour: Behaviour;
    readonly errorClass: 'connection_reset' | 'invalid_response';
    readonly statusCode: number | null;
  }>([
    {
      receiver: 'closes without an answer',
      behaviour: (socket) => socket.end(),
      errorClass: 'connection_reset',
      statusCode: null,
    },
    {
      receiver: 'resets without an answer',
      behaviour: (socket) => socket.resetAndDestroy(),
      errorClass: 'connection_reset',
      statusCode: null,
    },
    {
      receiver: 'closes in the middle of the status',
      behaviour: (socket) => socket.end('HTTP/1.1 2'),
      errorClass: 'connection_reset',
      statusCode: null,
    },
    {
      receiver: 'closes in the middle of the headers',
      behaviour: (socket) => socket.end(`${HEAD}x-a: `),
      errorClass: 'connection_reset',
      statusCode: null,
    },
    {
      receiver: 'resets in the middle of the headers',
      behaviour: (socket) => {
        socket.write(`${HEAD}x-a: `, () => {
          setImmediate(() => socket.resetAndDestroy());
        });
      },
      errorClass: 'connection_reset',
      statusCode: null,
    },
    {
      receiver: 'closes after an interim response',
      behaviour: (socket) => socket.end('HTTP/1.1 102 Processing\r\n\r\n'),
      errorClass: 'connection_reset',
      statusCode: null,
    },
    {
      receiver: 'sends less than it announced, and closes',
      behaviour: (socket) => socket.end(`${HEAD}content-length: 9\r\n\r\nx`),
      errorClass: 'connection_reset',
      statusCode: 200,
    },
    {
      receiver: 'sends less than it announced on a connection that it said to close',
      behaviour: (socket) => socket.end(`${HEAD}connection: close\r\ncontent-length: 9\r\n\r\nx`),
      errorClass: 'invalid_response',
      statusCode: 200,
    },
    {
      receiver: 'closes in the middle of a chunk',
      behaviour: (socket) => socket.end(`${HEAD}transfer-encoding: chunked\r\n\r\n9\r\nx`),
      errorClass: 'connection_reset',
      statusCode: 200,
    },
    {
      receiver: 'closes before the last chunk',
      behaviour: (socket) => socket.end(`${HEAD}transfer-encoding: chunked\r\n\r\n1\r\nx\r\n`),
      errorClass: 'connection_reset',
      statusCode: 200,
    },
    {
      receiver: 'resets in the middle of the body',
      behaviour: (socket) => {
        socket.write(`${HEAD}content-length: 9\r\n\r\nx`, () => {
          setImmediate(() => socket.resetAndDestroy());
        });
      },
      errorClass: 'connection_reset',
      statusCode: 200,
    },
  ])('get another attempt: one that $receiver', async ({ behaviour, errorClass, statusCode }) => {
    const { result, endpoint } = await meet(rig, behaviour);

    expect(result).toMatchObject({ verdict: 'retry', errorClass, statusCode });
    expect(endpoint.requests).toHaveLength(1);
    await until(() => endpoint.sockets.size === 0);
  });

  it('by closing their half alone are not waited for', async () => {
    const { result, endpoint } = await meet(rig, (socket) => socket.end(`${HEAD}x-a: `), {
      endpoint: { isHalfOpenAllowed: true },
    });

    expect(result).toMatchObject({ verdict: 'retry', errorClass: 'connection_reset' });
    expect(endpoint.connections).toBe(1);
  });

  it('after a whole answer have answered: a half-closed connection is not used again', async () => {
    const endpoint = await rig.endpoint((socket) => socket.end(answer(202, 'whole')), {
      isHalfOpenAllowed: true,
    });
    const sender = rig.sender();

    const first = await sender.send(outgoing(endpoint.url()));
    await until(() => sender.connectionCount === 0);
    const second = await sender.send(outgoing(endpoint.url()));

    expect(first).toMatchObject({ verdict: 'success', responseBody: 'whole' });
    expect(second).toMatchObject({ verdict: 'success', responseBody: 'whole' });
    expect(endpoint.connections).toBe(2);
  });

  it('after everything that is kept has come have answered', async () => {
    const { result } = await meet(rig, (socket) => {
      socket.write(`${HEAD}content-length: 99999\r\n\r\n${'x'.repeat(10_000)}`, () => {
        setImmediate(() => socket.resetAndDestroy());
      });
    });

    expect(result).toMatchObject({ verdict: 'success', isResponseTruncated: true });
  });

  it('after an answer that ends with the connection have answered', async () => {
    const { result } = await meet(rig, (socket) => socket.end(`${HEAD}\r\nall of it`));

    expect(result).toMatchObject({ verdict: 'success', responseBody: 'all of it' });
  });

  it('while the request is still on its way have answered, if they answered first', async () => {
    const body = Buffer.alloc(20_000_000);
    const endpoint = await rig.endpoint(() => undefined, {
      onConnection: (socket) => {
        let hasAnswered = false;
        // A listener that reads nothing: the rest of the request stays in the buffers between.
        socket.on('readable', () => {
          if (!hasAnswered) socket.write(answer(413, 'too large'));
          hasAnswered = true;
        });
      },
    });
    const sender = rig.sender({ maxBodyBytes: body.length });

    const result = await sender.send(outgoing(endpoint.url(), { body }));

    expect(result).toMatchObject({
      verdict: 'reject',
      statusCode: 413,
      responseBody: 'too large',
    });
    // What is left of the request must not become the beginning of another one.
    await until(() => sender.connectionCount === 0);
  });
});
