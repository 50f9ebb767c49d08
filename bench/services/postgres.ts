import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, chown, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort, until } from './ports.js';
import type { Service } from './service.js';

const run = promisify(execFile);
const DEBIAN = '/usr/lib/postgresql';

/** A PostgreSQL of its own, with its default durability. */
export async function startPostgres(dataDir: string): Promise<Service> {
  const bin = await programs();
  const data = join(dataDir, 'pg');
  const owner = await ownerOf(dataDir, data);
  const port = await freePort();
  await run(join(bin, 'initdb'), ['-D', data, '-U', 'bench', '-A', 'trust', '-E', 'UTF8'], owner);
  const options = ['-D', data, '-p', String(port), '-h', '127.0.0.1', '-k', dataDir];
  const child = spawn(join(bin, 'postgres'), options, { ...owner, stdio: 'ignore' });
  await once(child, 'spawn');
  await until(() =>
    run(join(bin, 'pg_isready'), ['-h', '127.0.0.1', '-p', String(port)]).then(
      () => true,
      () => false,
    ),
  );
  return {
    url: `postgres://bench@127.0.0.1:${port}/postgres`,
    stop: async () => {
      const exited = once(child, 'exit');
      child.kill('SIGINT'); // fast shutdown
      await exited;
    },
  };
}

/** PostgreSQL refuses to run as root: then it runs as the user whom Debian's package makes. */
async function ownerOf(
  dataDir: string,
  data: string,
): Promise<{ readonly uid?: number; readonly gid?: number }> {
  await mkdir(data, { mode: 0o700 });
  if (process.getuid?.() !== 0) return {};
  const { stdout } = await run('id', ['-u', 'postgres']);
  const { stdout: group } = await run('id', ['-g', 'postgres']);
  const [uid, gid] = [Number(stdout), Number(group)];
  for (const path of [dataDir, data]) await chown(path, uid, gid);
  return { uid, gid };
}

async function programs(): Promise<string> {
  const versions = await readdir(DEBIAN).catch(() => []);
  for (const version of versions.sort((one, other) => Number(other) - Number(one))) {
    const bin = join(DEBIAN, version, 'bin');
    const isThere = await access(join(bin, 'initdb')).then(
      () => true,
      () => false,
    );
    if (isThere) return bin;
  }
  throw new Error('there is no PostgreSQL (apt-get install postgresql)');
}
