import { getEventListeners } from 'node:events';
import { Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { answer } from '../../test/hostile/endpoint.js';
import { outgoing, RecordingOpener, SendingRig, until } from '../../test/hostile/sending.js';
import { ManualClock } from '../kernel/index.js';

describe('UndiciSender: connections and time', () => {
  const rig = new SendingRig();

  afterEach(() => rig.close());

  describe('a connection', () => {
    it('is kept and used again, which the timings tell', async () => {
      const endpoint = await rig.endpoint();
      const sender = rig.sender();

      const first = await sender.send(outgoing(endpoint.url()));
      const second = await sender.send(outgoing(endpoint.url()));

      expect(endpoint.connections).toBe(1);
      expect(first.timings.connectMs).toEqual(expect.any(Number));
      expect(second.timings.connectMs).toBeNull();
      expect(second.timings.firstByteMs).toEqual(expect.any(Number));
      expect(second.remoteAddress).toBe('127.0.0.1');
    });

    it('that the server closed while it was idle costs no attempt', async () => {
      const endpoint = await rig.endpoint();
      const sender = rig.sender();
      await sender.send(outgoing(endpoint.url()));
      for (const socket of endpoint.sockets) socket.destroy();
      await until(() => sender.connectionCount === 0);

      const result = await sender.send(outgoing(endpoint.url()));

      expect(result.verdict).toBe('success');
      expect(result.timings.connectMs).toEqual(expect.any(Number));
    });

    it('that closes just before a request is written is opened anew for it', async () => {
      const endpoint = await rig.endpoint();
      const sender = rig.sender();
      await sender.send(outgoing(endpoint.url()));

      // In the check phase: the next thing that happens is a poll, which finds the end of the connection.
      await setImmediate();
      for (const socket of endpoint.sockets) socket.destroy();
      const result = await sender.send(outgoing(endpoint.url()));

      expect(result.verdict).toBe('success');
      expect(result.timings.connectMs).toEqual(expect.any(Number));
      expect(endpoint.requests).toHaveLength(2);
    });

    it('that the server closes after each answer is opened anew', async () => {
      const endpoint = await rig.endpoint((socket) => {
        socket.end(answer(200, '', ['connection: close']));
      });
      const sender = rig.sender();

      const results = [
        await sender.send(outgoing(endpoint.url())),
        await sender.send(outgoing(endpoint.url())),
      ];

      expect(results.map(({ verdict }) => verdict)).toEqual(['success', 'success']);
      expect(endpoint.connections).toBe(2);
      await until(() => sender.connectionCount === 0);
    });

    it('that is refused is retried', async () => {
      const endpoint = await rig.endpoint();
      const url = endpoint.url();
      await endpoint.close();

      const result = await rig.sender().send(outgoing(url));

      expect(result).toMatchObject({
        verdict: 'retry',
        errorClass: 'connection_refused',
        statusCode: null,
        remoteAddress: '127.0.0.1',
        responseBody: null,
      });
    });

    it('to a name is told apart in lookup and connect', async () => {
      const endpoint = await rig.endpoint();
      const resolver = { resolve: () => Promise.resolve(['127.0.0.1']) };

      const result = await rig.sender({ resolver }).send(outgoing(endpoint.url('endpoint.test')));

      expect(result.timings.dnsMs).toEqual(expect.any(Number));
      expect(endpoint.requests[0]?.headers['host']).toBe(`endpoint.test:${endpoint.port}`);
    });

    it('to a name that does not resolve is a DNS error', async () => {
      const resolver = { resolve: () => Promise.reject(new Error('getaddrinfo ENOTFOUND')) };

      const result = await rig.sender({ resolver }).send(outgoing('http://nowhere.test/'));

      expect(result).toMatchObject({
        verdict: 'retry',
        errorClass: 'dns_error',
        errorMessage: 'getaddrinfo ENOTFOUND',
      });
    });

    it('on which an answer lies before the request is written is not opened again and again', async () => {
      const endpoint = await rig.endpoint();
      const opener = new RecordingOpener();
      const openSocket = (address: string, port: number): Socket => {
        const socket = opener.open(address, port);
        return socket.once('connect', () => {
          socket.unshift(answer(200));
        });
      };

      const result = await rig
        .sender({ openSocket })
        .send(outgoing(endpoint.url(), { timeoutMs: 1_000 }));

      expect(result).toMatchObject({ verdict: 'retry', errorClass: 'connection_reset' });
      expect(opener.addresses).toHaveLength(2);
      expect(endpoint.requests).toHaveLength(0);
    });

    it('tries the next address of a name when one refuses', async () => {
      const endpoint = await rig.endpoint();
      const resolver = { resolve: () => Promise.resolve(['127.0.0.2', '127.0.0.1']) };

      const result = await rig.sender({ resolver }).send(outgoing(endpoint.url('endpoint.test')));

      expect(result).toMatchObject({ verdict: 'success', remoteAddress: '127.0.0.1' });
    });

    it('gives up an address that does not answer while there is another', async () => {
      const endpoint = await rig.endpoint();
      const clock = new ManualClock();
      const opener = new RecordingOpener();
      const silent = new Socket();
      const resolver = { resolve: () => Promise.resolve(['127.0.0.2', '127.0.0.1']) };
      const openSocket = (address: string, port: number): Socket =>
        address === '127.0.0.2' ? silent : opener.open(address, port);
      const sending = rig
        .sender({ clock, resolver, openSocket })
        .send(outgoing(endpoint.url('endpoint.test')));
      await until(() => clock.pendingTimers === 2);

      clock.advance(2_000);

      expect(await sending).toMatchObject({ verdict: 'success', remoteAddress: '127.0.0.1' });
      expect(silent.destroyed).toBe(true);
    });
  });

  describe('time', () => {
    it('ends the wait for an answer at the deadline, with a real abort', async () => {
      const clock = new ManualClock();
      const endpoint = await rig.endpoint(() => undefined);
      const sending = rig.sender({ clock }).send(outgoing(endpoint.url()));
      await until(() => endpoint.requests.length === 1);

      clock.advance(19_999);
      expect(endpoint.sockets.size).toBe(1);
      clock.advance(1);

      expect(await sending).toMatchObject({
        verdict: 'retry',
        errorClass: 'timeout',
        statusCode: null,
        timings: { totalMs: 20_000, firstByteMs: null },
      });
      await until(() => endpoint.sockets.size === 0);
      expect(clock.pendingTimers).toBe(0);
    });

    it('covers a lookup that never ends', async () => {
      const clock = new ManualClock();
      const resolver = { resolve: () => new Promise<string[]>(() => undefined) };
      const sender = rig.sender({ clock, resolver });

      const sending = sender.send(outgoing('http://endpoint.test/', { timeoutMs: 300 }));
      clock.advance(300);

      expect(await sending).toMatchObject({ errorClass: 'timeout', timings: { dnsMs: null } });
      expect(sender.connectionCount).toBe(0);
    });

    it('covers the wait for a free connection', async () => {
      const clock = new ManualClock();
      const endpoint = await rig.endpoint(() => undefined);
      const sender = rig.sender({ clock, maxConnectionsPerOrigin: 1 });
      const first = sender.send(outgoing(endpoint.url(), { timeoutMs: 1_000 }));
      const second = sender.send(outgoing(endpoint.url(), { timeoutMs: 300 }));

      clock.advance(300);
      expect(await second).toMatchObject({ errorClass: 'timeout', remoteAddress: null });
      clock.advance(700);

      expect(await first).toMatchObject({ errorClass: 'timeout' });
    });

    it('leaves no timer behind after a success', async () => {
      const clock = new ManualClock();
      const endpoint = await rig.endpoint();

      await rig.sender({ clock }).send(outgoing(endpoint.url()));

      expect(clock.pendingTimers).toBe(0);
    });
  });

  describe('an abort', () => {
    it('ends a request under way', async () => {
      const endpoint = await rig.endpoint(() => undefined);
      const abort = new AbortController();
      const sending = rig.sender().send(outgoing(endpoint.url()), abort.signal);
      await until(() => endpoint.requests.length === 1);

      abort.abort();

      expect(await sending).toMatchObject({ verdict: 'retry', errorClass: 'aborted' });
      await until(() => endpoint.sockets.size === 0);
    });

    it('ends every request under the same signal, and that costs one listener', async () => {
      const endpoint = await rig.endpoint(() => undefined);
      const abort = new AbortController();
      const sender = rig.sender();
      const sending = Array.from({ length: 50 }, () =>
        sender.send(outgoing(endpoint.url()), abort.signal),
      );
      await until(() => endpoint.requests.length === 50);
      expect(getEventListeners(abort.signal, 'abort')).toHaveLength(1);

      abort.abort();

      const classes = (await Promise.all(sending)).map(({ errorClass }) => errorClass);
      expect(new Set(classes)).toEqual(new Set(['aborted']));
    });

    it('that came before sends nothing', async () => {
      const endpoint = await rig.endpoint();

      const result = await rig.sender().send(outgoing(endpoint.url()), AbortSignal.abort());

      expect(result).toMatchObject({ verdict: 'retry', errorClass: 'aborted' });
      expect(endpoint.connections).toBe(0);
    });

    it('after the end changes nothing', async () => {
      const endpoint = await rig.endpoint();
      const abort = new AbortController();
      const sender = rig.sender();
      await sender.send(outgoing(endpoint.url()), abort.signal);

      abort.abort();

      expect(await sender.send(outgoing(endpoint.url()))).toMatchObject({ verdict: 'success' });
      expect(endpoint.connections).toBe(1);
    });
  });

  describe('close', () => {
    it('ends what is under way or waiting as aborted, and refuses what comes later', async () => {
      const endpoint = await rig.endpoint(() => undefined);
      const sender = rig.sender({ maxConnectionsPerOrigin: 1 });
      const underWay = sender.send(outgoing(endpoint.url()));
      const waiting = sender.send(outgoing(endpoint.url()));
      await until(() => endpoint.requests.length === 1);

      await Promise.all([sender.close(), sender.close()]);

      const later = sender.send(outgoing(endpoint.url()));
      for (const sending of [underWay, waiting, later]) {
        expect(await sending).toMatchObject({ verdict: 'retry', errorClass: 'aborted' });
      }
      expect(sender.connectionCount).toBe(0);
      await until(() => endpoint.sockets.size === 0);
    });

    it('closes idle connections', async () => {
      const endpoint = await rig.endpoint();
      const sender = rig.sender();
      await sender.send(outgoing(endpoint.url()));

      await sender.close();

      await until(() => endpoint.sockets.size === 0);
      expect(sender.connectionCount).toBe(0);
    });
  });
});
