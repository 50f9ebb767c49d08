import { gzipSync } from 'node:zlib';
import { ManualClock } from '../../modules/kernel/index.js';
import type { AttemptResult, SendingOptions } from '../../modules/sending/index.js';
import type { Behaviour, Endpoint, EndpointOptions } from './endpoint.js';
import { drip, ENDLESS, HEAD } from './floods.js';
import { outgoing, RecordingOpener, SendingRig, settle, until } from './sending.js';

/** The deadline of every attempt here, in milliseconds. */
const DEADLINE_MS = 300;

describe('receivers that take their time', () => {
  const rig = new SendingRig();

  afterEach(() => rig.close());

  /** Sends to a receiver that never comes to an end, and moves the clock to the deadline once `isDue`. */
  async function sendUntilDeadline(
    behaviour: Behaviour,
    isDue: (opener: RecordingOpener, endpoint: Endpoint) => boolean,
    options: {
      readonly endpoint?: EndpointOptions;
      readonly sending?: SendingOptions;
      readonly body?: Buffer;
    } = {},
  ): Promise<{ result: AttemptResult; endpoint: Endpoint; clock: ManualClock }> {
    const clock = new ManualClock();
    const opener = new RecordingOpener();
    const endpoint = await rig.endpoint(behaviour, options.endpoint);
    const sending = rig.sender({ clock, openSocket: opener.open, ...options.sending }).send(
      outgoing(endpoint.url(), {
        timeoutMs: DEADLINE_MS,
        ...(options.body && { body: options.body }),
      }),
    );
    await until(() => isDue(opener, endpoint));
    await settle();
    clock.advance(DEADLINE_MS - 1);
    expect(endpoint.sockets.size).toBe(1);
    clock.advance(1);
    return { result: await sending, endpoint, clock };
  }

  const hasRead =
    (bytes: number) =>
    (opener: RecordingOpener): boolean =>
      opener.bytesRead >= bytes;

  describe('are cut off at the deadline, and their connection is closed', () => {
    it.each<{
      readonly receiver: string;
      readonly behaviour: Behaviour;
      /** How much has to have arrived before the deadline. */
      readonly bytes: number;
      readonly statusCode: number | null;
    }>([
      {
        receiver: 'sends its headers byte by byte',
        behaviour: (socket) => {
          drip(socket, HEAD, 'x');
        },
        bytes: HEAD.length + 10,
        statusCode: null,
      },
      {
        receiver: 'sends one header after the other, without an end',
        behaviour: (socket) => {
          drip(socket, HEAD, 'x-a: b\r\n');
        },
        bytes: HEAD.length + 100,
        statusCode: null,
      },
      {
        receiver: 'sends a reason phrase that does not end',
        behaviour: (socket) => {
          drip(socket, 'HTTP/1.1 200 ', 'OK ');
        },
        bytes: 40,
        statusCode: null,
      },
      {
        receiver: 'sends empty lines instead of a status',
        behaviour: (socket) => {
          drip(socket, '', '\r\n');
        },
        bytes: 40,
        statusCode: null,
      },
      {
        receiver: 'sends one interim response and nothing after it',
        behaviour: (socket) => socket.write('HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n'),
        bytes: 40,
        statusCode: null,
      },
      {
        receiver: 'sends its body byte by byte',
        behaviour: (socket) => {
          drip(socket, ENDLESS, 'x');
        },
        bytes: ENDLESS.length + 10,
        statusCode: 200,
      },
      {
        receiver: 'sends its body in chunks of one byte',
        behaviour: (socket) => {
          drip(socket, `${HEAD}transfer-encoding: chunked\r\n\r\n`, '1\r\nx\r\n');
        },
        bytes: 100,
        statusCode: 200,
      },
      {
        receiver: 'sends the extension of a chunk byte by byte',
        behaviour: (socket) => {
          drip(socket, `${HEAD}transfer-encoding: chunked\r\n\r\n1;x=`, 'x');
        },
        bytes: 100,
        statusCode: 200,
      },
      {
        receiver: 'sends trailers that do not end',
        behaviour: (socket) => {
          drip(socket, `${HEAD}transfer-encoding: chunked\r\n\r\n0\r\n`, 'x: y\r\n');
        },
        bytes: 100,
        statusCode: 200,
      },
      {
        receiver: 'announces a body that does not come',
        behaviour: (socket) => socket.write(`${HEAD}content-length: 5\r\n\r\n`),
        bytes: 38,
        statusCode: 200,
      },
    ])('when one $receiver', async ({ behaviour, bytes, statusCode }) => {
      const { result, endpoint, clock } = await sendUntilDeadline(behaviour, hasRead(bytes));

      expect(result).toMatchObject({
        verdict: 'retry',
        errorClass: 'timeout',
        statusCode,
        timings: { totalMs: DEADLINE_MS },
      });
      await until(() => endpoint.sockets.size === 0);
      expect(clock.pendingTimers).toBe(0);
    });

    it('when one accepts and never answers', async () => {
      const { result, endpoint } = await sendUntilDeadline(
        () => undefined,
        (_opener, { requests }) => requests.length === 1,
      );

      expect(result).toMatchObject({ verdict: 'retry', errorClass: 'timeout', statusCode: null });
      await until(() => endpoint.sockets.size === 0);
    });

    it('when one never reads the request', async () => {
      const { result, endpoint } = await sendUntilDeadline(
        () => undefined,
        (_opener, { connections }) => connections === 1,
        {
          endpoint: { onConnection: (socket) => socket.pause() },
          sending: { maxBodyBytes: 20_000_000 },
          body: Buffer.alloc(20_000_000),
        },
      );

      expect(result).toMatchObject({ verdict: 'retry', errorClass: 'timeout', statusCode: null });
      expect(endpoint.requests).toHaveLength(0);
    });
  });

  it('are recorded with what there was of the body', async () => {
    const { result } = await sendUntilDeadline(
      (socket) => {
        drip(socket, ENDLESS, 'x');
      },
      hasRead(ENDLESS.length + 10),
    );

    expect(result).toMatchObject({ errorClass: 'timeout', isResponseTruncated: true });
    expect(result.responseBody).toMatch(/^x+$/);
  });

  it('are recorded with what there was of a compressed body', async () => {
    const bytes = gzipSync('x'.repeat(100_000));
    const { result } = await sendUntilDeadline((socket) => {
      socket.write(`${HEAD}content-encoding: gzip\r\ncontent-length: 999\r\n\r\n`);
      socket.write(bytes.subarray(0, 60));
    }, hasRead(120));

    expect(result).toMatchObject({ errorClass: 'timeout', statusCode: 200 });
    expect(result.responseBody).toMatch(/^x*$/);
  });
});
