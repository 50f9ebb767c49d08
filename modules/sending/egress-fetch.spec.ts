import { gzipSync } from 'node:zlib';
import { answer } from '../../test/hostile/endpoint.js';
import { outgoing, SendingRig, until } from '../../test/hostile/sending.js';
import { ManualClock } from '../kernel/index.js';
import { SendFailure } from './send-failure.js';

describe('the fetch of a sender', () => {
  const rig = new SendingRig();

  afterEach(() => rig.close());

  it('asks for a document, and gives it whole', async () => {
    const document = JSON.stringify({ issuer: 'x', padding: 'y'.repeat(100_000) });
    const endpoint = await rig.endpoint((socket) =>
      socket.write(answer(200, document, ['content-type: application/json'])),
    );

    const response = await rig.sender().fetch(endpoint.url(undefined, '/.well-known?a=b'));

    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(await response.text()).toBe(document);
    expect(endpoint.requests[0]).toMatchObject({
      method: 'GET',
      path: '/.well-known?a=b',
      headers: { 'user-agent': expect.stringContaining('Posthorn') as string },
    });
  });

  it('posts a form, as token endpoints want it', async () => {
    const endpoint = await rig.endpoint((socket) => socket.write(answer(200, '{}')));

    await rig.sender().fetch(new URL(endpoint.url()), {
      method: 'post',
      headers: { Authorization: 'Basic eDp5', Accept: 'application/json' },
      body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'a b' }),
    });

    const [request] = endpoint.requests;
    expect(request).toMatchObject({
      method: 'POST',
      headers: {
        authorization: 'Basic eDp5',
        accept: 'application/json',
        'content-type': 'application/x-www-form-urlencoded;charset=UTF-8',
      },
    });
    expect(request?.body.toString()).toBe('grant_type=client_credentials&scope=a+b');
  });

  it('leaves the headers of the connection to the connection', async () => {
    const endpoint = await rig.endpoint();

    const response = await rig.sender().fetch(endpoint.url(), {
      method: 'POST',
      headers: { Host: 'elsewhere', 'Content-Length': '9', 'Transfer-Encoding': 'chunked' },
      body: 'four',
    });

    expect(response.ok).toBe(true);
    expect(endpoint.requests[0]?.headers).toMatchObject({
      host: `127.0.0.1:${endpoint.port}`,
      'content-length': '4',
    });
  });

  it.each([
    ['a redirect, which it does not follow', 302, ['location: http://169.254.169.254/']],
    ['an error', 500, []],
    ['nothing', 205, []],
  ])('gives %s as it is', async (_what, status, headers) => {
    const endpoint = await rig.endpoint((socket) => socket.write(answer(status, '', headers)));

    const response = await rig.sender().fetch(endpoint.url());

    expect(response.status).toBe(status);
    expect(await response.text()).toBe('');
    expect(endpoint.requests).toHaveLength(1);
  });

  it('decompresses, within the same bound', async () => {
    const compressed = (bytes: Buffer) => async () =>
      rig.endpoint((socket) => {
        socket.write(
          `HTTP/1.1 200 x\r\ncontent-encoding: gzip\r\ncontent-length: ${bytes.length}\r\n\r\n`,
        );
        socket.write(bytes);
      });
    const small = await compressed(gzipSync('x'.repeat(1_000)))();
    const bomb = await compressed(gzipSync(Buffer.alloc(50_000_000)))();
    const broken = await compressed(Buffer.from('not compressed'))();
    const { fetch } = rig.sender();

    const response = await fetch(small.url());
    expect(await response.text()).toBe('x'.repeat(1_000));
    expect(response.headers.get('content-encoding')).toBeNull();
    await expect(fetch(bomb.url())).rejects.toMatchObject({ errorClass: 'response_too_large' });
    await expect(fetch(broken.url())).rejects.toMatchObject({ errorClass: 'invalid_response' });
  });

  it('takes as much as it is allowed, and not a byte more', async () => {
    const sized = (size: number) =>
      rig.endpoint((socket) => socket.write(answer(200, 'x'.repeat(size))));
    const fits = await sized(1_000);
    const tooLarge = await Promise.all([sized(1_001), sized(10_000_000)]);
    const { fetch } = rig.sender();

    const response = await fetch(fits.url(), { maxResponseBytes: 1_000 });
    expect(await response.text()).toHaveLength(1_000);
    for (const endpoint of tooLarge) {
      await expect(fetch(endpoint.url(), { maxResponseBytes: 1_000 })).rejects.toMatchObject({
        errorClass: 'response_too_large',
      });
    }
  });

  describe('fails with the class of what went wrong', () => {
    it('under the rules of the sender', async () => {
      const strict = rig.sender({ isHttpAllowed: false, allowedNetworks: [] }).fetch;

      await expect(strict('http://example.com/')).rejects.toMatchObject({
        errorClass: 'insecure_url',
      });
      await expect(strict('https://127.0.0.1/')).rejects.toMatchObject({
        errorClass: 'ssrf_blocked',
      });
      await expect(strict('nonsense')).rejects.toMatchObject({ errorClass: 'invalid_request' });
      await expect(strict('nonsense')).rejects.toBeInstanceOf(SendFailure);
    });

    it('at the deadline', async () => {
      const clock = new ManualClock();
      const endpoint = await rig.endpoint(() => undefined);
      const fetching = rig.sender({ clock }).fetch(endpoint.url());
      await until(() => endpoint.requests.length === 1);

      clock.advance(10_000);

      await expect(fetching).rejects.toMatchObject({ errorClass: 'timeout' });
      await until(() => endpoint.sockets.size === 0);
    });

    it('when it is aborted, and when the sender is closed', async () => {
      const endpoint = await rig.endpoint(() => undefined);
      const sender = rig.sender();
      const abort = new AbortController();
      const aborted = sender.fetch(endpoint.url(), { signal: abort.signal });
      const closed = sender.fetch(endpoint.url());
      const ends = Promise.allSettled([aborted, closed]);
      await until(() => endpoint.requests.length === 2);

      abort.abort();
      await sender.close();

      for (const end of await ends) {
        expect(end).toMatchObject({ status: 'rejected', reason: { errorClass: 'aborted' } });
      }
    });
  });

  it('shares the connections, and their bound, with the attempts', async () => {
    const endpoint = await rig.endpoint();
    const sender = rig.sender({ maxConnectionsPerOrigin: 1 });

    await Promise.all([
      sender.send(outgoing(endpoint.url())),
      sender.fetch(endpoint.url()),
      sender.send(outgoing(endpoint.url())),
    ]);

    expect(endpoint.connections).toBe(1);
    expect(endpoint.requests.map(({ method }) => method)).toEqual(['POST', 'GET', 'POST']);
  });
});
