import { meet } from './encounter.js';
import { HEAD } from './floods.js';
import { SendingRig, until } from './sending.js';

const CHUNKED = `${HEAD}transfer-encoding: chunked\r\n\r\n`;
const NO_BODY = 'content-length: 0\r\n\r\n';

describe('responses that are malformed', () => {
  const rig = new SendingRig();

  afterEach(() => rig.close());

  describe('are refused as invalid, with another attempt', () => {
    it.each<[string, string | Buffer]>([
      // Something else than HTTP/1.1.
      ['garbage', Buffer.from(Array.from({ length: 2_000 }, (_, i) => (i * 7919) % 251))],
      ['another protocol', 'SSH-2.0-OpenSSH_9.6\r\n'],
      ['a page without a status (HTTP/0.9)', '<html>hello</html>\r\n'],
      ['frames of HTTP/2', Buffer.from([0, 0, 18, 4, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 100])],
      ['a connection preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
      ['an alert of TLS', Buffer.from([0x15, 3, 1, 0, 2, 2, 70])],
      ['another version', `HTTP/3.0 200 OK\r\n${NO_BODY}`],
      ['another name of the protocol', `ICY 200 OK\r\n${NO_BODY}`],
      // The status.
      ['a status that is no number', 'HTTP/1.1 abc OK\r\n\r\n'],
      ['a status of two digits', 'HTTP/1.1 99 x\r\n\r\n'],
      ['a status of four digits', `HTTP/1.1 2000 x\r\n${NO_BODY}`],
      ['a status of zeros', `HTTP/1.1 000 x\r\n${NO_BODY}`],
      ['a status that is negative', `HTTP/1.1 -200 x\r\n${NO_BODY}`],
      ['100 Continue, unasked', 'HTTP/1.1 100 Continue\r\n\r\n'],
      ['101 Switching Protocols', 'HTTP/1.1 101 x\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'],
      ['an upgrade to HTTP/2', 'HTTP/1.1 101 x\r\nupgrade: h2c\r\nconnection: upgrade\r\n\r\n'],
      // The length of the body, over which two readers could disagree.
      ['two lengths that differ', `${HEAD}content-length: 1\r\ncontent-length: 2\r\n\r\nxx`],
      ['two lengths that agree', `${HEAD}content-length: 1\r\ncontent-length: 1\r\n\r\nx`],
      ['a list of lengths', `${HEAD}content-length: 1, 1\r\n\r\nx`],
      ['a length that is negative', `${HEAD}content-length: -1\r\n\r\n`],
      ['a length with a sign', `${HEAD}content-length: +1\r\n\r\nx`],
      ['a length in hexadecimal', `${HEAD}content-length: 0x1\r\n\r\nx`],
      ['a length that is empty', `${HEAD}content-length: \r\n\r\n`],
      ['a length beyond 64 bits', `${HEAD}content-length: 18446744073709551616\r\n\r\n`],
      ['a length and chunks', `${HEAD}content-length: 3\r\ntransfer-encoding: chunked\r\n\r\nabc`],
      ['chunks and a length', `${HEAD}transfer-encoding: chunked\r\ncontent-length: 3\r\n\r\nabc`],
      ['a chunk size that is none', `${CHUNKED}zz\r\n`],
      ['a chunk size that is negative', `${CHUNKED}-1\r\n`],
      ['a chunk size with a prefix', `${CHUNKED}0x1\r\na\r\n0\r\n\r\n`],
      ['a chunk size beyond 64 bits', `${CHUNKED}FFFFFFFFFFFFFFFF1\r\n`],
      ['a chunk that is longer than its size', `${CHUNKED}1\r\nab\r\n0\r\n\r\n`],
      ['a length in the trailers', `${CHUNKED}1\r\na\r\n0\r\ncontent-length: 5\r\n\r\n`],
      // Lines and headers.
      ['lines that end with LF alone', 'HTTP/1.1 200 OK\ncontent-length: 0\n\n'],
      ['chunks that end with LF alone', `${CHUNKED}1\na\n0\n\n`],
      ['a space before the status', ` ${HEAD}${NO_BODY}`],
      ['a header name with a space', `${HEAD}x a: b\r\n${NO_BODY}`],
      ['a space before the colon', `${HEAD}transfer-encoding : chunked\r\n\r\n0\r\n\r\n`],
      ['a header without a colon', `${HEAD}x-a\r\n${NO_BODY}`],
      ['a header without a name', `${HEAD}: b\r\n${NO_BODY}`],
      ['a folded header', `${HEAD}x-a: b\r\n c\r\n${NO_BODY}`],
      ['a zero byte in a header value', `${HEAD}x-a: b\0c\r\n${NO_BODY}`],
      ['a zero byte in a header name', `${HEAD}x\0a: b\r\n${NO_BODY}`],
      ['a control character in a header value', `${HEAD}x-a: b\u0001c\r\n${NO_BODY}`],
      ['a carriage return in a header value', `${HEAD}x-a: b\rset-cookie: c\r\n${NO_BODY}`],
    ])('%s', async (_what, bytes) => {
      const { result, endpoint } = await meet(rig, (socket) => socket.write(bytes));

      expect(result).toMatchObject({ verdict: 'retry', errorClass: 'invalid_response' });
      expect(result.errorMessage?.length).toBeLessThanOrEqual(300);
      expect(endpoint.requests).toHaveLength(1);
      await until(() => endpoint.sockets.size === 0);
    });
  });

  describe('are taken for what they are when that is plain', () => {
    it.each<[string, string, number]>([
      ['empty lines before the status', `\r\n\r\n${HEAD}${NO_BODY}`, 200],
      ['HTTP/1.0', `HTTP/1.0 200 OK\r\n${NO_BODY}`, 200],
      ['an interim response before', `HTTP/1.1 102 x\r\n\r\n${HEAD}${NO_BODY}`, 200],
      ['an upgrade that is only offered', `${HEAD}connection: upgrade\r\n${NO_BODY}`, 200],
      ['204 with a body', 'HTTP/1.1 204 x\r\ncontent-length: 4\r\n\r\nbody', 204],
      ['trailers', `${CHUNKED}2\r\nok\r\n0\r\nx-checksum: 1\r\n\r\n`, 200],
      ['the extension of a chunk', `${CHUNKED}2;name="value"\r\nok\r\n0\r\n\r\n`, 200],
      [
        'headers named like parts of objects',
        `${HEAD}__proto__: x\r\nconstructor: y\r\n${NO_BODY}`,
        200,
      ],
    ])('%s', async (_what, bytes, statusCode) => {
      const { result } = await meet(rig, (socket) => socket.write(bytes));

      expect(result).toMatchObject({ verdict: 'success', errorClass: null, statusCode });
    });
  });

  it('in the body are recorded as text all the same', async () => {
    const body = Buffer.from([0xff, 0xfe, 0x61, 0x00, 0xc3, 0x28, 0xed, 0xa0, 0x80, 0x62, 0xf0]);
    const { result } = await meet(rig, (socket) => {
      socket.write(`${HEAD}content-length: ${body.length}\r\n\r\n`);
      socket.write(body);
    });

    expect(result.verdict).toBe('success');
    expect(result.responseBody).toMatch(/^\ufffd\ufffda\0\ufffd\(\ufffd+b\ufffd$/);
    expect(JSON.parse(JSON.stringify(result))).toEqual(result);
  });

  it('in a header value outside of ASCII are recorded byte by byte', async () => {
    const { result } = await meet(rig, (socket) =>
      socket.write(Buffer.from(`${HEAD}x-a: \xe9\xff\r\n${NO_BODY}`, 'latin1')),
    );

    expect(result).toMatchObject({ verdict: 'success', responseHeaders: { 'x-a': 'éÿ' } });
  });

  it('from the first byte of a connection on: a bounded number of connections', async () => {
    const { result, endpoint } = await meet(rig, () => undefined, {
      endpoint: { onConnection: (socket) => socket.write(`${HEAD}${NO_BODY}`) },
    });

    expect(['success', 'retry']).toContain(result.verdict);
    expect(endpoint.connections).toBeLessThanOrEqual(2);
  });
});
