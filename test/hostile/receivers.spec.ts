import type { Socket } from 'node:net';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import type { AttemptResult } from '../../modules/sending/index.js';
import { ManualClock } from '../../modules/kernel/index.js';
import { answer, type Behaviour, type Endpoint } from './endpoint.js';
import { outgoing, RecordingOpener, SendingRig, settle, until } from './sending.js';

const HEAD = 'HTTP/1.1 200 OK\r\n';
const ENDLESS = `${HEAD}content-type: text/plain\r\n\r\n`;

/** More than kernel buffers hold on both sides: who has taken this has read without a bound. */
const UNBOUNDED_BYTES = 32_000_000;

const ZEROS = Buffer.alloc(200_000_000);

describe('receivers that misbehave', () => {
  const rig = new SendingRig();

  afterEach(() => rig.close());

  /** Sends to an endpoint that will not end by itself, and moves the clock to the deadline once `isDue`. */
  async function sendUntilDeadline(
    behaviour: Behaviour,
    isDue: (endpoint: Endpoint, opener: RecordingOpener) => boolean,
  ): Promise<{ result: AttemptResult; endpoint: Endpoint }> {
    const clock = new ManualClock();
    const opener = new RecordingOpener();
    const endpoint = await rig.endpoint(behaviour);
    const sending = rig
      .sender({ clock, openSocket: opener.open })
      .send(outgoing(endpoint.url(), { timeoutMs: 300 }));
    await until(() => endpoint.requests.length === 1 && isDue(endpoint, opener));
    await settle();
    clock.advance(300);
    return { result: await sending, endpoint };
  }

  async function send(
    behaviour: Behaviour,
  ): Promise<{ result: AttemptResult; endpoint: Endpoint }> {
    const endpoint = await rig.endpoint(behaviour);
    const result = await rig.sender().send(outgoing(endpoint.url()));
    return { result, endpoint };
  }

  describe('by taking their time are cut off at the deadline', () => {
    const TIMED_OUT = { verdict: 'retry', errorClass: 'timeout', timings: { totalMs: 300 } };

    it('when they accept and never answer', async () => {
      const { result, endpoint } = await sendUntilDeadline(
        () => undefined,
        () => true,
      );

      expect(result).toMatchObject({ ...TIMED_OUT, statusCode: null });
      await until(() => endpoint.sockets.size === 0);
    });

    it('when the headers never end', async () => {
      const { result, endpoint } = await sendUntilDeadline(
        (socket) => {
          drip(socket, HEAD, 'x');
        },
        (_endpoint, opener) => opener.bytesRead > HEAD.length + 10,
      );

      expect(result).toMatchObject({ ...TIMED_OUT, statusCode: null });
      await until(() => endpoint.sockets.size === 0);
    });

    it('when the body drips', async () => {
      const { result, endpoint } = await sendUntilDeadline(
        (socket) => {
          drip(socket, ENDLESS, 'x');
        },
        (_endpoint, opener) => opener.bytesRead > ENDLESS.length + 10,
      );

      expect(result).toMatchObject({ ...TIMED_OUT, statusCode: 200, isResponseTruncated: true });
      expect(result.responseBody).toMatch(/^x+$/);
      await until(() => endpoint.sockets.size === 0);
    });

    it('when a compressed body stops in the middle, with what there was of it', async () => {
      const bytes = gzipSync('x'.repeat(100_000));
      const { result } = await sendUntilDeadline(
        (socket) => {
          socket.write(`${HEAD}content-encoding: gzip\r\ncontent-length: 999\r\n\r\n`);
          socket.write(bytes.subarray(0, 60));
        },
        (_endpoint, opener) => opener.bytesRead > 100,
      );

      expect(result).toMatchObject({ ...TIMED_OUT, statusCode: 200 });
      expect(result.responseBody).toMatch(/^x*$/);
    });

    it('when one interim response comes and nothing after it', async () => {
      const { result } = await sendUntilDeadline(
        (socket) => socket.write('HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n'),
        (_endpoint, opener) => opener.bytesRead > 0,
      );

      expect(result).toMatchObject({ ...TIMED_OUT, statusCode: null });
    });

    it('when they never read the request', async () => {
      const clock = new ManualClock();
      const endpoint = await rig.endpoint(() => undefined, {
        onConnection: (socket) => socket.pause(),
      });
      const sending = rig
        .sender({ clock })
        .send(outgoing(endpoint.url(), { body: Buffer.alloc(20_000_000), timeoutMs: 300 }));
      await until(() => endpoint.connections === 1);
      await settle();

      clock.advance(300);

      expect(await sending).toMatchObject({ ...TIMED_OUT, statusCode: null });
      expect(endpoint.requests).toHaveLength(0);
    });
  });

  describe('by saying too much are read no further than is kept', () => {
    it('an endless body of 200 is a success, and the connection is closed', async () => {
      const { result, endpoint } = await send((socket) => {
        flood(socket, ENDLESS);
      });

      expect(result).toMatchObject({
        verdict: 'success',
        statusCode: 200,
        responseBody: 'y'.repeat(4_096),
        isResponseTruncated: true,
      });
      await until(() => endpoint.sockets.size === 0);
    });

    it('an endless chunked body of 500 is its status', async () => {
      const { result, endpoint } = await send((socket) => {
        const size = (65_536).toString(16);
        flood(
          socket,
          'HTTP/1.1 500 x\r\ntransfer-encoding: chunked\r\n\r\n',
          `${size}\r\n${'y'.repeat(65_536)}\r\n`,
        );
      });

      expect(result).toMatchObject({ verdict: 'retry', errorClass: 'http_status' });
      expect(result.responseBody).toHaveLength(4_096);
      await until(() => endpoint.sockets.size === 0);
    });

    it('a body that is a little longer than kept leaves the connection usable', async () => {
      const endpoint = await rig.endpoint((socket) =>
        socket.write(answer(200, 'z'.repeat(50_000))),
      );
      const sender = rig.sender();

      const first = await sender.send(outgoing(endpoint.url()));
      await sender.send(outgoing(endpoint.url()));

      expect(first).toMatchObject({ verdict: 'success', isResponseTruncated: true });
      expect(endpoint.connections).toBe(1);
    });

    it.each([
      ['gzip', gzipSync(ZEROS)],
      ['br', brotliCompressSync(ZEROS, { params: { [constants.BROTLI_PARAM_QUALITY]: 2 } })],
    ])('a %s bomb is expanded to no more than is kept', async (encoding, bomb) => {
      const before = process.memoryUsage().rss;

      const { result } = await send((socket) => {
        socket.write(
          `${HEAD}content-encoding: ${encoding}\r\ncontent-length: ${bomb.length}\r\n\r\n`,
        );
        socket.write(bomb);
      });

      expect(result).toMatchObject({ verdict: 'success', isResponseTruncated: true });
      expect(result.responseBody).toHaveLength(4_096);
      expect(process.memoryUsage().rss - before).toBeLessThan(100_000_000);
    });

    it('100 KB of headers are an error', async () => {
      const { result, endpoint } = await send((socket) => {
        const headers = Array.from({ length: 100 }, (_, i) => `x-${i}: ${'v'.repeat(1_000)}`);
        socket.write(answer(200, '', headers));
      });

      expect(result).toMatchObject({ verdict: 'retry', errorClass: 'response_too_large' });
      await until(() => endpoint.sockets.size === 0);
    });

    it('one header without an end is an error', async () => {
      const { result } = await send((socket) => {
        flood(socket, `${HEAD}x-long: `);
      });

      expect(result).toMatchObject({ verdict: 'retry', errorClass: 'response_too_large' });
    });

    it('many small headers are recorded up to a number', async () => {
      const { result } = await send((socket) => {
        socket.write(
          answer(
            200,
            '',
            Array.from({ length: 500 }, (_, i) => `x-${i}: v`),
          ),
        );
      });

      expect(result.verdict).toBe('success');
      expect(Object.keys(result.responseHeaders ?? {})).toHaveLength(64);
    });

    it('a flood of interim responses is an error', async () => {
      const { result, endpoint } = await send((socket) => {
        flood(socket, '', 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n'.repeat(500));
      });

      expect(result).toMatchObject({ verdict: 'retry', errorClass: 'invalid_response' });
      await until(() => endpoint.sockets.size === 0);
    });
  });

  describe('by breaking off', () => {
    it.each<[string, Behaviour]>([
      ['closes without an answer', (socket) => socket.end()],
      ['resets without an answer', (socket) => socket.resetAndDestroy()],
      ['closes in the middle of the headers', (socket) => socket.end(`${HEAD}x-a: `)],
      [
        'closes in the middle of the body',
        (socket) => socket.end(`${HEAD}content-length: 9\r\n\r\nx`),
      ],
      [
        'closes in the middle of a chunk',
        (socket) => socket.end(`${HEAD}transfer-encoding: chunked\r\n\r\n9\r\nx`),
      ],
      [
        'resets in the middle of the body',
        (socket) => {
          socket.write(`${HEAD}content-length: 9\r\n\r\nx`, () => {
            setImmediate(() => socket.resetAndDestroy());
          });
        },
      ],
    ])('%s: another attempt', async (_what, behaviour) => {
      const { result } = await send(behaviour);

      expect(result.verdict).toBe('retry');
      expect(['connection_reset', 'invalid_response']).toContain(result.errorClass);
    });

    it('half-closes and then answers: the answer counts', async () => {
      const { result } = await send((socket) => socket.end(answer(202, 'late but whole')));

      expect(result).toMatchObject({ verdict: 'success', responseBody: 'late but whole' });
    });

    it('resets after everything that is kept has come: the answer counts', async () => {
      const { result } = await send((socket) => {
        socket.write(`${HEAD}content-length: 99999\r\n\r\n${'x'.repeat(10_000)}`, () => {
          setImmediate(() => socket.resetAndDestroy());
        });
      });

      expect(result).toMatchObject({ verdict: 'success', isResponseTruncated: true });
    });

    it('announces less than it sends: the surplus is never an answer to the next request', async () => {
      const endpoint = await rig.endpoint((socket) => {
        socket.write(`${HEAD}content-length: 2\r\n\r\nok${answer(500)}`);
      });
      const sender = rig.sender();

      const first = await sender.send(outgoing(endpoint.url()));
      const second = await sender.send(outgoing(endpoint.url()));

      expect(first).toMatchObject({ verdict: 'success', responseBody: 'ok' });
      expect(second).toMatchObject({ verdict: 'success', responseBody: 'ok' });
      expect(endpoint.connections).toBe(2);
    });
  });

  describe('by speaking something else', () => {
    it.each<[string, string | Buffer]>([
      ['garbage', Buffer.from(Array.from({ length: 2_000 }, (_, i) => (i * 7919) % 251))],
      ['another protocol', 'SSH-2.0-OpenSSH_9.6\r\n'],
      ['HTTP/2', Buffer.from([0, 0, 18, 4, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 100])],
      ['a status that is no number', 'HTTP/1.1 abc OK\r\n\r\n'],
      ['two lengths that differ', `${HEAD}content-length: 1\r\ncontent-length: 2\r\n\r\nxx`],
      ['a length that is negative', `${HEAD}content-length: -1\r\n\r\n`],
      ['a chunk size that is none', `${HEAD}transfer-encoding: chunked\r\n\r\nzz\r\n`],
      ['a length and chunks', `${HEAD}content-length: 3\r\ntransfer-encoding: chunked\r\n\r\nabc`],
      ['100 Continue, unasked', 'HTTP/1.1 100 Continue\r\n\r\n'],
      ['101 Switching Protocols', 'HTTP/1.1 101 x\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'],
      ['a header name with a space', `${HEAD}x a: b\r\n\r\n`],
      ['a zero byte in a header', `${HEAD}x-a: \0\r\n\r\n`],
    ])('such as %s: another attempt, as an invalid response', async (_what, bytes) => {
      const { result, endpoint } = await send((socket) => socket.write(bytes));

      expect(result).toMatchObject({ verdict: 'retry', errorClass: 'invalid_response' });
      await until(() => endpoint.sockets.size === 0);
    });

    it('before it is asked: a bounded number of connections, and another attempt', async () => {
      const endpoint = await rig.endpoint(() => undefined, {
        onConnection: (socket) => socket.write(answer(200)),
      });
      const sender = rig.sender();
      const sending = sender.send(outgoing(endpoint.url(), { timeoutMs: 1_000 }));

      const result = await sending;

      expect(['success', 'retry']).toContain(result.verdict);
      expect(endpoint.connections).toBeLessThanOrEqual(2);
    });
  });

  it('do not disturb the attempts beside them', async () => {
    const hostile: Behaviour[] = [
      () => undefined,
      (socket) => socket.resetAndDestroy(),
      (socket) => {
        flood(socket, ENDLESS);
      },
      (socket) => socket.write('garbage\r\n\r\n'),
      (socket) => {
        drip(socket, ENDLESS, 'x');
      },
    ];
    const good = await rig.endpoint();
    const bad = await Promise.all(hostile.map((behaviour) => rig.endpoint(behaviour)));
    const sender = rig.sender();

    const results = await Promise.all([
      ...bad.flatMap((endpoint) =>
        Array.from({ length: 4 }, () => sender.send(outgoing(endpoint.url(), { timeoutMs: 300 }))),
      ),
      ...Array.from({ length: 20 }, () => sender.send(outgoing(good.url()))),
    ]);

    expect(results.slice(-20).every(({ verdict }) => verdict === 'success')).toBe(true);
    expect(results.slice(0, -20).every(({ timings }) => timings.totalMs < 5_000)).toBe(true);
    await until(() => bad.every((endpoint) => endpoint.sockets.size === 0));
  });
});

/** Writes `start`, then a little more at every turn of the event loop for as long as the other side listens. */
function drip(socket: Socket, start: string, drop: string): void {
  socket.write(start);
  const next = (): void => {
    if (socket.destroyed) return;
    socket.write(drop);
    setTimeout(next, 1);
  };
  next();
}

/** Writes `start`, then as much as the other side takes; a bound catches the reader that takes everything. */
function flood(socket: Socket, start: string, wave = 'y'.repeat(65_536)): void {
  socket.write(start);
  const next = (): void => {
    while (!socket.destroyed && socket.bytesWritten < UNBOUNDED_BYTES) {
      if (!socket.write(wave)) {
        socket.once('drain', next);
        return;
      }
    }
    if (!socket.destroyed) throw new Error('the endless response was read to its end');
  };
  next();
}
