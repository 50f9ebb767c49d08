import { brotliCompressSync, constants, deflateSync, gzipSync } from 'node:zlib';
import { jest } from '@jest/globals';
import { answer, type Behaviour } from './endpoint.js';
import { type Encounter, meet } from './encounter.js';
import { ENDLESS, flood, HEAD } from './floods.js';
import { outgoing, SendingRig, until } from './sending.js';

/** Of no response is more read than this: the bound of 1 MiB, and the read during which it was passed. */
const MOST_BYTES_READ = 1_048_576 + 131_072;

/** Floods and their receiver included, since it is the same process here. */
const MOST_MEMORY_BYTES = 48_000_000;

/** Half the default deadline, though the machine may be busy. */
const LONGEST_MS = 10_000;

jest.setTimeout(2 * LONGEST_MS);

const CHUNKED = `${HEAD}transfer-encoding: chunked\r\n\r\n`;
const ZEROS = Buffer.alloc(200_000_000);

describe('receivers that say too much', () => {
  const rig = new SendingRig();

  afterEach(() => rig.close());

  function expectBounded({ bytesRead, peakBytes, elapsedMs }: Encounter): void {
    expect(bytesRead).toBeLessThanOrEqual(MOST_BYTES_READ);
    expect(peakBytes).toBeLessThanOrEqual(MOST_MEMORY_BYTES);
    expect(elapsedMs).toBeLessThanOrEqual(LONGEST_MS);
  }

  describe('before there is a body are an error', () => {
    it.each<{
      readonly flood: string;
      readonly behaviour: Behaviour;
      readonly errorClass: 'response_too_large' | 'invalid_response';
    }>([
      {
        flood: '100 KB of headers',
        behaviour: (socket) => {
          const headers = Array.from({ length: 100 }, (_, i) => `x-${i}: ${'v'.repeat(1_000)}`);
          socket.write(answer(200, '', headers));
        },
        errorClass: 'response_too_large',
      },
      {
        flood: '10,000 headers',
        behaviour: (socket) => {
          const headers = Array.from({ length: 10_000 }, (_, i) => `x-${i}: v`);
          socket.write(answer(200, '', headers));
        },
        errorClass: 'response_too_large',
      },
      {
        flood: '600 headers of a few bytes',
        behaviour: (socket) => {
          const headers = Array.from({ length: 600 }, (_, i) => `x${i}:`);
          socket.write(answer(200, '', headers));
        },
        errorClass: 'response_too_large',
      },
      {
        flood: '600 cookies',
        behaviour: (socket) => {
          socket.write(answer(200, '', Array<string>(600).fill('set-cookie: a=b')));
        },
        errorClass: 'response_too_large',
      },
      {
        flood: 'a header value without an end',
        behaviour: (socket) => {
          flood(socket, `${HEAD}x-long: `);
        },
        errorClass: 'response_too_large',
      },
      {
        flood: 'a header name without an end',
        behaviour: (socket) => {
          flood(socket, `${HEAD}x-`);
        },
        errorClass: 'response_too_large',
      },
      {
        flood: 'a reason phrase without an end',
        behaviour: (socket) => {
          flood(socket, 'HTTP/1.1 200 ');
        },
        errorClass: 'response_too_large',
      },
      {
        flood: 'empty lines without an end',
        behaviour: (socket) => {
          flood(socket, '', '\r\n'.repeat(32_768));
        },
        errorClass: 'response_too_large',
      },
      {
        flood: 'interim responses without an end',
        behaviour: (socket) => {
          flood(socket, '', 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n'.repeat(500));
        },
        errorClass: 'invalid_response',
      },
      {
        flood: 'interim responses with 100 KB of headers',
        behaviour: (socket) => {
          flood(socket, '', `HTTP/1.1 103 x\r\n${`x-a: ${'v'.repeat(1_000)}\r\n`.repeat(100)}\r\n`);
        },
        errorClass: 'response_too_large',
      },
    ])('$flood', async ({ behaviour, errorClass }) => {
      const encounter = await meet(rig, behaviour);

      expect(encounter.result).toMatchObject({ verdict: 'retry', errorClass });
      expectBounded(encounter);
      await until(() => encounter.endpoint.sockets.size === 0);
    });
  });

  describe('in the body are read no further than is of use', () => {
    it('an endless body of 200 is a success, and the connection is closed', async () => {
      const encounter = await meet(rig, (socket) => {
        flood(socket, ENDLESS);
      });

      expect(encounter.result).toMatchObject({
        verdict: 'success',
        statusCode: 200,
        responseBody: 'y'.repeat(4_096),
        isResponseTruncated: true,
      });
      expectBounded(encounter);
      await until(() => encounter.endpoint.sockets.size === 0);
    });

    it('an endless chunked body of 500 is its status', async () => {
      const encounter = await meet(rig, (socket) => {
        const head = 'HTTP/1.1 500 x\r\ntransfer-encoding: chunked\r\n\r\n';
        flood(socket, head, `10000\r\n${'y'.repeat(65_536)}\r\n`);
      });

      expect(encounter.result).toMatchObject({ verdict: 'retry', errorClass: 'http_status' });
      expect(encounter.result.responseBody).toHaveLength(4_096);
      expectBounded(encounter);
      await until(() => encounter.endpoint.sockets.size === 0);
    });

    it('an endless body that is not compressed as it says is its status', async () => {
      const encounter = await meet(rig, (socket) => {
        flood(socket, `${HEAD}content-encoding: gzip\r\n\r\n`);
      });

      expect(encounter.result).toMatchObject({ verdict: 'success', isResponseTruncated: true });
      expectBounded(encounter);
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
      ['the extension of a chunk', `${CHUNKED}1;x=`, 'x'.repeat(65_536)],
      ['the extensions of many chunks', CHUNKED, `1;${'x'.repeat(65_536)}\r\nx\r\n`],
      ['trailers', `${CHUNKED}0\r\n`, `x-a: ${'x'.repeat(1_000)}\r\n`],
    ])('%s of megabytes are an error', async (_what, start, wave) => {
      const encounter = await meet(rig, (socket) => {
        flood(socket, start, wave);
      });

      expect(encounter.result).toMatchObject({
        verdict: 'retry',
        errorClass: 'response_too_large',
        statusCode: 200,
      });
      expectBounded(encounter);
      await until(() => encounter.endpoint.sockets.size === 0);
    });
  });

  describe('by compression', () => {
    const params = { [constants.BROTLI_PARAM_QUALITY]: 2 };

    it.each([
      ['gzip', gzipSync(ZEROS)],
      ['br', brotliCompressSync(ZEROS, { params })],
      ['deflate', deflateSync(ZEROS)],
    ])('expand no further than is kept: a bomb of %s', async (encoding, bomb) => {
      const encounter = await meet(rig, (socket) => {
        const length = `content-length: ${bomb.length}`;
        socket.write(`${HEAD}content-encoding: ${encoding}\r\n${length}\r\n\r\n`);
        socket.write(bomb);
      });

      expect(encounter.result).toMatchObject({ verdict: 'success', isResponseTruncated: true });
      expect(encounter.result.responseBody).toHaveLength(4_096);
      expectBounded(encounter);
    });

    it.each([
      ['zstd', Buffer.from('28b52ffd', 'hex')],
      ['gzip, gzip', gzipSync(gzipSync(ZEROS))],
      ['compress', Buffer.from([0x1f, 0x9d, 0x90])],
      ['unheard-of', Buffer.from('x')],
    ])('are not expanded at all: %s', async (encoding, bytes) => {
      const encounter = await meet(rig, (socket) => {
        const length = `content-length: ${bytes.length}`;
        socket.write(`${HEAD}content-encoding: ${encoding}\r\n${length}\r\n\r\n`);
        socket.write(bytes);
      });

      expect(encounter.result).toMatchObject({
        verdict: 'success',
        responseBody: null,
        isResponseTruncated: true,
      });
      expectBounded(encounter);
    });
  });

  it('with many small headers are recorded up to a number', async () => {
    const headers = Array.from({ length: 500 }, (_, i) => `x-${i}: v`);
    const { result } = await meet(rig, (socket) => socket.write(answer(200, '', headers)));

    expect(result.verdict).toBe('success');
    expect(Object.keys(result.responseHeaders ?? {})).toHaveLength(64);
  });

  it('with cookies are recorded without their values', async () => {
    const cookies = Array.from({ length: 100 }, (_, i) => `set-cookie: session=secret-${i}`);
    const { result } = await meet(rig, (socket) => socket.write(answer(200, '', cookies)));

    expect(result).toMatchObject({
      verdict: 'success',
      responseHeaders: { 'set-cookie': '[masked]' },
    });
  });
});
