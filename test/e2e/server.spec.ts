import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { environmentIn, onEmbeddedStore, SHARED_SECRETS } from '../support/installation.js';
import { RecordingReceiver } from '../support/recording-receiver.js';
import { eventually } from '../support/rest-server.js';
import { freePort, ServerProcess } from '../support/server-process.js';
import { WireStore } from '../support/wire-store.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Runs a program of the build to its end. */
async function run(file: string, args: readonly string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [join(ROOT, 'dist', file), ...args], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  }
  const [exitCode] = (await once(child, 'close')) as [number | null];
  return { exitCode, output };
}

describe('the server', () => {
  let dataDir: string;
  let port: number;
  const started: ServerProcess[] = [];

  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'posthorn-server-'));
    port = await freePort();
  });
  afterEach(async () => {
    await Promise.all(started.splice(0).map((server) => server.kill()));
    await rm(dataDir, { recursive: true });
  });

  async function start(env: Record<string, string> = {}): Promise<ServerProcess> {
    const server = new ServerProcess({ dataDir, port, env });
    started.push(server);
    return server.ready();
  }

  onEmbeddedStore('on its own event store', () => {
    it('starts on an empty folder, makes its secrets for the owner alone, and says where', async () => {
      const server = await start();

      for (const name of ['api-token', 'encryption-key']) {
        expect((await stat(join(dataDir, name))).mode & 0o777).toBe(0o600);
        expect(server.output).toContain(join(dataDir, name));
        const secret = (await readFile(join(dataDir, name), 'utf8')).trim();
        expect(server.output).not.toContain(secret);
      }
      expect((await server.call('GET', '/webhooks')).status).toBe(200);
    }, 30_000);
  });

  describe('on an event store that is shared', () => {
    const shared = {
      POSTHORN_ENCRYPTION_KEY: SHARED_SECRETS.encryptionKey,
      POSTHORN_API_TOKEN: SHARED_SECRETS.apiToken,
    };

    it('refuses to make secrets for itself, says how to make them, and stores nothing', async () => {
      const { exitCode, output } = await run('src/main.js', [], {
        POSTHORN_DATA_DIR: dataDir,
        EVENTSTORE_URL: 'esdb://127.0.0.1:1?tls=false',
      });

      expect(exitCode).toBe(1);
      for (const name of ['POSTHORN_ENCRYPTION_KEY', 'POSTHORN_API_TOKEN', 'openssl rand']) {
        expect(output).toContain(name);
      }
      expect(await readdir(dataDir)).toEqual([]);
    }, 30_000);

    it('is alive and not ready while the server cannot be reached, and ready once it can', async () => {
      const storePort = await freePort();
      const EVENTSTORE_URL = `esdb://127.0.0.1:${storePort}?tls=false`;
      const server = new ServerProcess({ dataDir, port, env: { ...shared, EVENTSTORE_URL } });
      started.push(server);

      await eventually(async () => {
        const live = await fetch(`${server.baseUrl}/health/live`).catch(() => undefined);
        return live?.status === 200;
      });
      const health = await fetch(`${server.baseUrl}/health/ready`);
      expect(health.status).toBe(503);
      expect(await health.json()).toMatchObject({
        checks: expect.arrayContaining([
          {
            name: 'event-store',
            isReady: false,
            details: expect.objectContaining({ kind: 'remote', errorKind: 'unavailable' }),
          },
        ]),
      });

      const store = await WireStore.open({ port: storePort });
      await server.ready();
      expect(await server.stop()).toBe(0);
      await store.close();
    }, 60_000);

    it('ends with a code when waiting would not help', async () => {
      const store = await WireStore.open();

      const { exitCode, output } = await run('src/main.js', [], {
        ...shared,
        POSTHORN_DATA_DIR: dataDir,
        EVENTSTORE_URL: `esdb://admin:not-to-be-shown@${store.address}`,
      });
      await store.close();

      expect(exitCode).toBe(1);
      expect(output).toContain('PSH_EVENT_STORE_TLS_REFUSED');
      expect(output).not.toContain('not-to-be-shown');
    }, 30_000);
  });

  it('ends with 0 on SIGTERM', async () => {
    const server = await start();

    expect(await server.stop()).toBe(0);
    expect(server.output).toContain('SIGTERM: draining');
  }, 30_000);

  it('finishes and records what is under way when it is told to end', async () => {
    const receiver = await RecordingReceiver.start();
    let answer = (): void => undefined;
    receiver.behave('/slow', (_request, response) => {
      answer = () => response.writeHead(204).end();
    });
    const server = await start();
    const url = receiver.url('/slow');
    await server.call('POST', '/webhooks', { id: 'slow', url, eventTypes: ['*'] });
    await server.call('POST', '/events', { stream: 'a', events: [{ type: 'b', data: 1 }] });
    await receiver.until(() => receiver.at('/slow').length === 1);

    const ended = server.stop();
    await eventually(() => Promise.resolve(server.output.includes('draining')));
    answer();

    expect(await ended).toBe(0);
    const next = await start();
    const page = (await (await next.call('GET', '/deliveries?webhookId=slow')).json()) as {
      items: object[];
    };
    expect(page.items).toMatchObject([{ status: 'succeeded', attemptCount: 1 }]);
    expect(receiver.at('/slow')).toHaveLength(1);
    await receiver.close();
  }, 30_000);

  it('serves the sample shop, whose inbox receives what it is sent', async () => {
    const server = await start();
    const order = { type: 'shop.order.placed', data: { orderId: 'order-17', total: 99.5 } };

    await server.call('POST', '/events', { stream: 'order-17', events: [order] });

    await eventually(async () => {
      const response = await server.call('GET', '/deliveries?status=succeeded');
      return ((await response.json()) as { items: object[] }).items.length === 2;
    });
    const received = 'fulfilment received shop.order.placed';
    await eventually(() => Promise.resolve(server.output.includes(received)));
    expect(server.output).toContain('accounting received shop.order.placed');
  }, 30_000);

  it('keeps the sample webhooks inactive without the development opt-ins', async () => {
    const server = await start({ POSTHORN_ALLOW_HTTP: 'false' });

    const response = await server.call('GET', '/webhooks');

    const { items } = (await response.json()) as { items: object[] };
    expect(items).toMatchObject([{ status: 'inactive' }, { status: 'inactive' }]);
  }, 30_000);

  it('refuses to start with a configuration that is wrong, naming every mistake', async () => {
    const { exitCode, output } = await run('src/main.js', [], {
      PORT: 'many',
      POSTHORN_LOG_LEVEL: 'loud',
      POSTHORN_DATA_DIR: dataDir,
      EVENTSTORE_URL: 'esdb://localhost:none',
    });

    expect(exitCode).toBe(1);
    for (const name of ['PSH_CONFIG_INVALID', 'PORT', 'POSTHORN_LOG_LEVEL', 'EVENTSTORE_URL']) {
      expect(output).toContain(name);
    }
  }, 30_000);

  it('names a setting that is probably misspelt', async () => {
    const server = await start({ POSTHORN_ALOW_HTTP: 'true' });

    expect(server.output).toContain('POSTHORN_ALOW_HTTP');
  }, 30_000);

  it('leaves a data folder alone that another process owns', async () => {
    await start();

    const second = await run('src/main.js', [], {
      PORT: String(await freePort()),
      POSTHORN_DATA_DIR: dataDir,
      ...environmentIn(dataDir),
    });

    expect(second.exitCode).toBe(1);
    expect(second.output).toMatch(/PSH_EVENT_STORE_FOLDER_IN_USE|owned by/);
  }, 30_000);

  it('says so when its port is taken', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const taken = (other.address() as AddressInfo).port;

    const { exitCode, output } = await run('src/main.js', [], {
      PORT: String(taken),
      POSTHORN_DATA_DIR: dataDir,
      ...environmentIn(dataDir),
    });
    other.close();

    expect(exitCode).toBe(1);
    expect(output).toContain('EADDRINUSE');
  }, 30_000);
});

describe('posthorn, the command', () => {
  it('shows how it is used, and its version', async () => {
    const help = await run('src/cli/posthorn.js', ['--help']);
    const version = await run('src/cli/posthorn.js', ['--version']);

    expect(help).toMatchObject({
      exitCode: 0,
      output: expect.stringContaining('posthorn <command>'),
    });
    expect(version).toMatchObject({
      exitCode: 0,
      output: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    });
  }, 30_000);

  it.each([[[]], [['nonsense']], [['serve', 'more']], [['--nonsense']]])(
    'refuses %j and shows how it is used',
    async (args) => {
      const { exitCode, output } = await run('src/cli/posthorn.js', args);

      expect(exitCode).toBe(2);
      expect(output).toContain('posthorn <command>');
    },
    30_000,
  );
});
