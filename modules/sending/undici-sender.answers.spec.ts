import { answer } from '../../test/hostile/endpoint.js';
import { outgoing, SendingRig } from '../../test/hostile/sending.js';

const ANY_NUMBER = expect.any(Number) as number;

describe('UndiciSender: what is answered', () => {
  const rig = new SendingRig();

  afterEach(() => rig.close());

  describe('the answer', () => {
    it('of 2xx is a success', async () => {
      const endpoint = await rig.endpoint((socket) => socket.write(answer(200, 'thanks')));

      const result = await rig.sender().send(outgoing(endpoint.url()));

      expect(result).toEqual({
        verdict: 'success',
        url: endpoint.url(),
        startedAt: ANY_NUMBER,
        timings: {
          dnsMs: null,
          connectMs: ANY_NUMBER,
          tlsMs: null,
          firstByteMs: ANY_NUMBER,
          bodyMs: ANY_NUMBER,
          totalMs: ANY_NUMBER,
        },
        statusCode: 200,
        errorClass: null,
        errorMessage: null,
        remoteAddress: '127.0.0.1',
        responseHeaders: { 'content-length': '6' },
        responseBody: 'thanks',
        isResponseTruncated: false,
        retryAfterMs: null,
        deliveryControl: null,
      });
    });

    it.each([
      [201, 'success', null],
      [204, 'success', null],
      [299, 'success', null],
      [300, 'reject', 'redirect_refused'],
      [301, 'reject', 'redirect_refused'],
      [302, 'reject', 'redirect_refused'],
      [304, 'reject', 'redirect_refused'],
      [308, 'reject', 'redirect_refused'],
      [400, 'reject', 'http_status'],
      [401, 'reject', 'http_status'],
      [404, 'reject', 'http_status'],
      [408, 'retry', 'http_status'],
      [410, 'gone', 'http_status'],
      [422, 'reject', 'http_status'],
      [425, 'retry', 'http_status'],
      [429, 'retry', 'http_status'],
      [500, 'retry', 'http_status'],
      [503, 'retry', 'http_status'],
      [599, 'retry', 'http_status'],
    ])('of %i means %s', async (status, verdict, errorClass) => {
      const endpoint = await rig.endpoint((socket) => {
        socket.write(status === 204 || status === 304 ? bare(status) : answer(status));
      });

      const result = await rig.sender().send(outgoing(endpoint.url()));

      expect(result).toMatchObject({ verdict, errorClass, statusCode: status });
    });

    it('that redirects is never followed', async () => {
      const target = await rig.endpoint();
      const endpoint = await rig.endpoint((socket) => {
        socket.write(answer(307, '', [`location: ${target.url()}`]));
      });

      const result = await rig.sender().send(outgoing(endpoint.url()));

      expect(result.responseHeaders).toMatchObject({ location: target.url() });
      expect(target.connections).toBe(0);
    });

    it.each([
      ['120', 120_000],
      ['0', 0],
      ['999999999999', 86_400_000],
      ['-5', null],
      ['soon', null],
      ['Wed, 01 Jan 2025 00:02:00 GMT', 120_000],
      ['Tue, 31 Dec 2024 23:00:00 GMT', 0],
    ])('with retry-after: %s asks for a delay of %s ms', async (retryAfter, expected) => {
      const endpoint = await rig.endpoint((socket) => {
        socket.write(
          answer(503, '', [`retry-after: ${retryAfter}`, 'date: Wed, 01 Jan 2025 00:00:00 GMT']),
        );
      });

      const result = await rig.sender().send(outgoing(endpoint.url()));

      expect(result.retryAfterMs).toBe(expected);
    });

    it('is recorded without the credentials that the endpoint sets or echoes', async () => {
      const endpoint = await rig.endpoint((socket, request) => {
        const { authorization = '', 'x-api-key': key = '' } = request.headers;
        socket.write(
          answer(200, JSON.stringify({ authorization, key }), [
            'set-cookie: session=abcdef',
            `x-echo: ${authorization}`,
            `authorization: ${authorization}`,
          ]),
        );
      });

      const result = await rig.sender().send(
        outgoing(endpoint.url(), {
          auth: { type: 'bearer', token: 'bearer-secret' },
          headers: { 'X-Api-Key': 'key-secret' },
        }),
      );

      expect(JSON.stringify(result)).not.toMatch(/bearer-secret|key-secret|abcdef/);
      expect(result.responseBody).toBe('{"authorization":"Bearer [masked]","key":"[masked]"}');
      expect(result.responseHeaders).toMatchObject({
        'set-cookie': '[masked]',
        'x-echo': 'Bearer [masked]',
        authorization: '[masked]',
      });
    });
  });
});

/** Answers that have no body have no length either. */
function bare(status: number): string {
  return `HTTP/1.1 ${status} x\r\n\r\n`;
}
