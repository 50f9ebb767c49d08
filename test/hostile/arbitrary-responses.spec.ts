import { jest } from '@jest/globals';
import fc from 'fast-check';
import type { AttemptResult } from '../../modules/sending/index.js';
import { answer } from './endpoint.js';
import { outgoing, SendingRig } from './sending.js';

// A receiver that ends its side after every response lets no attempt wait for the deadline.
jest.setTimeout(60_000);

/** Pieces of which responses, honest and hostile, are made. */
const PIECES = [
  ...['HTTP/1.1 200 OK\r\n', 'HTTP/1.1 100 Continue\r\n\r\n', 'HTTP/1.0 500 x\r\n', '\r\n', '\n'],
  ...['content-length: 3\r\n', 'content-length: 99999999999\r\n', 'transfer-encoding: chunked\r\n'],
  ...['connection: close\r\n', 'content-encoding: gzip\r\n', 'content-encoding: br\r\n', ': x\r\n'],
  ...[
    'retry-after: 9e9\r\n',
    'set-cookie: a=b\r\n',
    'upgrade: h2c\r\n',
    'keep-alive: timeout=0\r\n',
  ],
  ...['3\r\nabc\r\n', '0\r\n\r\n', 'ffffffff\r\n', 'abc', '\0', answer(200, 'ok'), answer(410)],
];

const arbitraryResponse = fc
  .array(
    fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom(...PIECES).map((text) => Buffer.from(text)) },
      {
        weight: 1,
        arbitrary: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
      },
    ),
    { maxLength: 12 },
  )
  .map((pieces) => Buffer.concat(pieces));

describe('whatever bytes a receiver answers with', () => {
  const rig = new SendingRig();

  afterEach(() => rig.close());

  it('an attempt ends once, with a result that can be recorded, and the sender works on', async () => {
    let bytes = Buffer.alloc(0);
    const hostile = await rig.endpoint((socket) => socket.end(bytes));
    const honest = await rig.endpoint();
    const sender = rig.sender();

    await fc.assert(
      fc.asyncProperty(arbitraryResponse, async (response) => {
        bytes = response;
        const result = await sender.send(outgoing(hostile.url()));

        expectRecordable(result);
        expect((await sender.send(outgoing(honest.url()))).verdict).toBe('success');
      }),
      { numRuns: 300 },
    );

    expect(sender.connectionCount).toBeLessThanOrEqual(2);
  });
});

function expectRecordable(result: AttemptResult): void {
  expect(JSON.parse(JSON.stringify(result))).toEqual(result);
  expect(['success', 'retry', 'reject', 'gone']).toContain(result.verdict);
  expect(result.verdict === 'success').toBe(result.errorClass === null);
  expect(result.errorClass).not.toBe('unknown');
  if (result.errorClass === null) {
    expect(result.statusCode).toBeGreaterThanOrEqual(200);
    expect(result.statusCode).toBeLessThanOrEqual(299);
  }
}
