import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const STAMP = join(ROOT, 'dist', '.built');
const LOCK = join(ROOT, 'node_modules', '.cache', 'posthorn-build');
const SOURCES = ['src', 'modules', 'projections', 'examples', 'bench'];
/** What the build reads: everything but tests, and what the test runner makes beside the sources. */
const SOURCE = /(?<!\.spec|\.worker)\.(ts|proto|sql|html|css|svg)$|\.worker\.ts$/;
const SETTINGS = ['package.json', 'tsconfig.json', 'tsconfig.build.json', 'nest-cli.json'];

/**
 * Builds `dist` when a source changed since the last build, and only then. Processes that ask at the same time wait for
 * the one that builds.
 */
export async function ensureBuilt() {
  if (await isBuilt()) return;
  await withLock(async () => {
    if (await isBuilt()) return;
    const fingerprint = await sourceFingerprint();
    process.stderr.write('posthorn: building ...\n');
    await run(join(ROOT, 'node_modules', '@nestjs', 'cli', 'bin', 'nest.js'), 'build');
    await writeFile(STAMP, fingerprint);
  });
}

async function isBuilt() {
  const stamp = await readFile(STAMP, 'utf8').catch(() => undefined);
  return stamp !== undefined && stamp === (await sourceFingerprint());
}

/** Changes when a source is added, removed or written. */
async function sourceFingerprint() {
  const paths = SETTINGS.map((file) => join(ROOT, file));
  for (const folder of SOURCES) {
    const entries = await readdir(join(ROOT, folder), { recursive: true, withFileTypes: true });
    for (const entry of entries) {
      if (entry.isFile() && SOURCE.test(entry.name)) paths.push(join(entry.parentPath, entry.name));
    }
  }
  const hash = createHash('sha256');
  for (const path of paths.sort()) {
    const { mtimeMs, size } = await stat(path);
    hash.update(`${path}\0${mtimeMs}\0${size}\n`);
  }
  return hash.digest('hex');
}

/** A folder is made by exactly one process; a lock whose owner is gone is taken over. */
async function withLock(work) {
  await mkdir(join(LOCK, '..'), { recursive: true });
  const owner = join(LOCK, 'pid');
  for (;;) {
    try {
      await mkdir(LOCK);
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      const pid = Number(await readFile(owner, 'utf8').catch(() => '0'));
      const age = Date.now() - (await stat(LOCK).catch(() => ({ mtimeMs: Date.now() }))).mtimeMs;
      if (pid > 0 ? !isAlive(pid) : age > 5_000) await rm(LOCK, { recursive: true, force: true });
      else await delay(100);
    }
  }
  try {
    await writeFile(owner, String(process.pid));
    await work();
  } finally {
    await rm(LOCK, { recursive: true, force: true });
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function run(...args) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, {
      cwd: ROOT,
      stdio: ['ignore', process.stderr, 'inherit'],
    });
    child.once('error', reject);
    child.once('exit', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`the build failed with exit code ${String(code)}`));
    });
  });
}
