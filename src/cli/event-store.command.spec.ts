import { EventEmitter, once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { AccessDeniedError, EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import { type CommandProcess, eventStoreCommand } from './event-store.command.js';

const CERTIFICATES = new URL('../../test/hostile/certificates/', import.meta.url).pathname;

/** A process that the test signals, and whose output it reads. */
class TestProcess extends EventEmitter implements CommandProcess {
  readonly env = {};
  readonly stdout = new PassThrough();
  readonly stderr = new PassThrough();
  exitCode: number | undefined;

  exit(code: number): void {
    this.exitCode = code;
  }

  get errors(): string {
    return String(this.stderr.read() ?? '');
  }

  /** Waits for a line of the log. */
  async line(text: string): Promise<string> {
    for (let output = ''; ;) {
      const [chunk] = (await once(this.stdout, 'data')) as [Buffer];
      output += chunk.toString();
      if (output.includes(text)) return output;
    }
  }
}

describe('posthorn event-store', () => {
  let folder: string;
  let host: TestProcess;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'event-store-'));
    host = new TestProcess();
  });

  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  async function start(...options: string[]) {
    const ended = eventStoreCommand(['--data', folder, '--port', '0', ...options], host);
    const line = await host.line('listening on');
    const [, address = ''] = /127\.0\.0\.1:(\d+)/.exec(line) ?? [];
    return { ended, address: `127.0.0.1:${address}`, line };
  }

  it.each(['SIGTERM', 'SIGINT'])(
    'serves official clients until %s, and ends with 0',
    async (signal) => {
      const { ended, address, line } = await start();
      const client = EventStoreDBClient.connectionString(`esdb://${address}?tls=false`);

      const result = await client.appendToStream(
        'order-1',
        jsonEvent({ type: 'placed', data: {} }),
      );
      host.emit(signal, signal);

      expect(result.success).toBe(true);
      expect(line).toContain(`data in ${folder}`);
      expect(await ended).toBe(0);
    },
  );

  it('asks for the user over TLS', async () => {
    const passwordFile = join(folder, 'password');
    writeFileSync(passwordFile, 'correct horse\n');
    const { ended, address } = await start(
      ...[
        '--tls-cert',
        `${CERTIFICATES}endpoint.pem`,
        '--tls-key',
        `${CERTIFICATES}endpoint.key.pem`,
      ],
      ...['--user', 'admin', '--password-file', passwordFile],
    );
    const client = EventStoreDBClient.connectionString(
      `esdb://admin:${encodeURIComponent('correct horse')}@${address}?tlsCAFile=${CERTIFICATES}authority.pem`,
    );

    const result = await client.appendToStream('order-1', jsonEvent({ type: 'placed', data: {} }));
    host.emit('SIGTERM', 'SIGTERM');

    expect(result.success).toBe(true);
    expect(await ended).toBe(0);
  });

  it('ends with 1 when the folder is in use, and names its owner', async () => {
    const { ended } = await start();
    const second = new TestProcess();

    const code = await eventStoreCommand(['--data', folder, '--port', '0'], second);
    host.emit('SIGTERM', 'SIGTERM');
    await ended;

    expect(code).toBe(1);
    expect(second.errors).toContain('PSH_EVENT_STORE_FOLDER_IN_USE');
  });

  it('ends with 1 when the port is taken', async () => {
    const { ended, address } = await start();
    const second = new TestProcess();
    const other = join(folder, 'other');
    const port = address.slice(address.indexOf(':') + 1);

    const code = await eventStoreCommand(['--data', other, '--port', port], second);
    host.emit('SIGTERM', 'SIGTERM');
    await ended;

    expect(code).toBe(1);
    expect(second.errors).toContain('PSH_EVENT_STORE_ADDRESS_NOT_AVAILABLE');
  });

  it('ends with 1 when the certificate is not one', async () => {
    const file = join(folder, 'certificate');
    writeFileSync(file, 'no certificate');
    const tls = ['--tls-cert', file, '--tls-key', file];

    const code = await eventStoreCommand(['--data', folder, '--port', '0', ...tls], host);

    expect(code).toBe(1);
    expect(host.errors).toContain('PSH_EVENT_STORE_ADDRESS_NOT_AVAILABLE');
  });

  it('ends with 2 for bad options, and tells every one of them', async () => {
    const code = await eventStoreCommand(
      ['--port', '70000', '--tls-cert', '/not/there', '--user', 'a:b'],
      host,
    );

    expect(code).toBe(2);
    const { errors } = host;
    expect(errors).toContain('PSH_EVENT_STORE_INVALID_OPTIONS');
    for (const text of [
      '--data is missing',
      '--port is not a port',
      '--tls-cert cannot be read',
      '--tls-key is missing',
      '--user holds a colon',
      '--password-file is missing',
    ]) {
      expect(errors).toContain(text);
    }
  });

  it('ends with 2 for an option that there is not', async () => {
    expect(await eventStoreCommand(['--prot', '2113'], host)).toBe(2);
    expect(host.errors).toContain("Unknown option '--prot'");
  });

  it('asks for more users, who have the rights of their groups', async () => {
    const usersFile = join(folder, 'users.json');
    const users = [
      { name: 'ann', password: 'wonder land', groups: ['$admins'] },
      { name: 'bob', password: 'b' },
    ];
    writeFileSync(usersFile, JSON.stringify(users));
    const { ended, address } = await start(
      ...['--tls-cert', `${CERTIFICATES}endpoint.pem`],
      ...['--tls-key', `${CERTIFICATES}endpoint.key.pem`, '--users-file', usersFile],
    );
    const clientOf = (credentials: string) =>
      EventStoreDBClient.connectionString(
        `esdb://${credentials}@${address}?tlsCAFile=${CERTIFICATES}authority.pem`,
      );
    const event = jsonEvent({ type: 'placed', data: {} });

    const result = await clientOf('ann:wonder%20land').appendToStream('$ours', event);
    const refusal = clientOf('bob:b').appendToStream('$ours', event);

    expect(result.success).toBe(true);
    await expect(refusal).rejects.toThrow(AccessDeniedError);
    host.emit('SIGTERM', 'SIGTERM');
    expect(await ended).toBe(0);
  });

  it.each([
    ['no JSON', 'ann:secret', 'holds no list of users'],
    ['no user', '[]', 'holds no list of users'],
    ['no object', '["ann"]', 'number 1, that is no object'],
    ['no name', '[{"password":"x"}]', 'number 1, without a name'],
    ['a colon in a name', '[{"name":"a:b","password":"x"}]', 'whose name holds a colon'],
    ['a name like a group', '[{"name":"$admins","password":"x"}]', 'whose name begins with $'],
    ['no password', '[{"name":"ann","password":""}]', 'number 1, without a password'],
    [
      'bad groups',
      '[{"name":"ann","password":"x","groups":"g"}]',
      'whose groups are no list of names',
    ],
    [
      'something misspelt',
      '[{"name":"ann","password":"x","group":["g"]}]',
      'with something unknown: group',
    ],
    [
      'a name twice',
      '[{"name":"ann","password":"x"},{"name":"ann","password":"y"}]',
      'has more than one user ann',
    ],
  ])('ends with 2 for a file of users with %s', async (_, content, message) => {
    const usersFile = join(folder, 'users.json');
    writeFileSync(usersFile, content);

    const code = await eventStoreCommand(
      ['--data', folder, '--tls-cert', '/not/there', '--users-file', usersFile],
      host,
    );

    expect(code).toBe(2);
    expect(host.errors).toContain(message);
  });

  it('lets a user in over TLS only', async () => {
    const code = await eventStoreCommand(
      ['--data', folder, '--user', 'admin', '--password-file', `${CERTIFICATES}README.md`],
      host,
    );

    expect(code).toBe(2);
    expect(host.errors).toContain('--user needs TLS');
  });

  it('shows how it is used', async () => {
    expect(await eventStoreCommand(['--help'], host)).toBe(0);
    expect(String(host.stdout.read())).toContain('Usage: posthorn event-store --data DIR');
  });
});
