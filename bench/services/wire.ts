import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { freePort, until } from './ports.js';
import type { Service } from './service.js';

const COMMAND = fileURLToPath(new URL('../../src/cli/posthorn.js', import.meta.url));

/** The embedded event store, served over the wire by a process of its own. */
export async function startWire(dataDir: string): Promise<Service> {
  const port = await freePort();
  const options = ['event-store', '--port', String(port), '--data', dataDir];
  const child = spawn(process.execPath, [COMMAND, ...options], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  await once(child, 'spawn');
  await until(() => accepts(port));
  return {
    url: `esdb://127.0.0.1:${port}?tls=false`,
    stop: async () => {
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      await exited;
    },
  };
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => {
      resolve(false);
    });
  });
}
