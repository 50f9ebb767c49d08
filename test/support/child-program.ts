import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const CACHE = join(ROOT, 'node_modules/.cache/posthorn');
const ENGINE = join(ROOT, 'modules/event-store/embedded');

/**
 * A TypeScript file on the embedded event store, made into a program that can run in a process of its own and be killed
 * there. It stands under `node_modules`, so that it finds what it depends on.
 */
export class ChildProgram {
  readonly #folder: string;
  readonly #started: ChildProcess[] = [];

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** @param entry path of the file, from the root of the project */
  static async bundle(entry: string): Promise<ChildProgram> {
    await mkdir(CACHE, { recursive: true });
    const folder = await mkdtemp(join(CACHE, 'child-'));
    await build({
      entryPoints: [join(ROOT, entry)],
      outfile: join(folder, 'main.mjs'),
      bundle: true,
      packages: 'external',
      platform: 'node',
      format: 'esm',
      target: 'node20',
      logLevel: 'warning',
    });
    for (const worker of ['log-writer.worker.js', 'log-reader.worker.js']) {
      await cp(join(ENGINE, worker), join(folder, worker));
    }
    return new ChildProgram(folder);
  }

  /** Starts it; what it prints comes line by line. */
  start(args: readonly string[], onLine: (line: string) => void): ChildProcess {
    const child = spawn(process.execPath, [join(this.#folder, 'main.mjs'), ...args], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    this.#started.push(child);
    let rest = '';
    child.stdout.on('data', (chunk: Buffer) => {
      const lines = (rest + chunk.toString()).split('\n');
      rest = lines.pop() ?? '';
      lines.forEach(onLine);
    });
    return child;
  }

  /** Ends what still runs, and removes the program. */
  async remove(): Promise<void> {
    await Promise.all(this.#started.map(killed));
    await rm(this.#folder, { recursive: true });
  }
}

/** Ends a process as a power cut would, and waits until it is gone and everything it printed was read. */
export async function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, 'close');
  child.kill('SIGKILL');
  await closed;
}
