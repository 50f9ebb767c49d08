import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { freePort, until } from './ports.js';
import type { Service } from './service.js';

/** A Redis of its own, with `appendonly yes`. */
export async function startRedis(dataDir: string): Promise<Service> {
  const port = await freePort();
  const options = ['--port', String(port), '--bind', '127.0.0.1', '--dir', dataDir];
  const child = spawn('redis-server', [...options, '--appendonly', 'yes', '--save', ''], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  await started(child, 'redis-server', 'apt-get install redis-server');
  await until(() => answers(port));
  return {
    url: `redis://127.0.0.1:${port}`,
    stop: async () => {
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      await exited;
    },
  };
}

async function started(child: ChildProcess, name: string, remedy: string): Promise<void> {
  const failed = once(child, 'error').then(([error]) => {
    throw new Error(`${name} cannot be started (${remedy})`, { cause: error });
  });
  await Promise.race([once(child, 'spawn'), failed]);
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    socket.once('data', (data) => {
      socket.destroy();
      resolve(data.toString().startsWith('+PONG'));
    });
    socket.once('error', () => {
      resolve(false);
    });
  });
}
