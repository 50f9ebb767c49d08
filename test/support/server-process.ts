import { type ChildProcess, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { environmentIn } from './installation.js';

const MAIN = fileURLToPath(new URL('../../dist/src/main.js', import.meta.url));

/** A port that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/**
 * The built server as a process of its own: what `npm start` runs, on a given port and data folder, with private targets
 * on the loopback interface allowed.
 */
export class ServerProcess {
  readonly baseUrl: string;
  readonly #process: ChildProcess;
  readonly #exited: Promise<number | null>;
  readonly #dataDir: string;
  readonly #token: string | undefined;
  #output = '';

  constructor(options: { dataDir: string; port: number; env?: Record<string, string> }) {
    this.baseUrl = `http://127.0.0.1:${options.port}`;
    this.#dataDir = options.dataDir;
    const given = { ...environmentIn(options.dataDir), ...options.env };
    this.#token = given['POSTHORN_API_TOKEN'];
    this.#process = spawn(process.execPath, [MAIN], {
      env: {
        PATH: process.env['PATH'],
        PORT: String(options.port),
        POSTHORN_DATA_DIR: options.dataDir,
        POSTHORN_ALLOW_HTTP: 'true',
        POSTHORN_ALLOWED_NETWORKS: '127.0.0.0/8,::1/128',
        POSTHORN_LOG_FORMAT: 'json',
        ...given,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#exited = new Promise((resolve) => this.#process.once('exit', resolve));
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.on('data', (chunk: Buffer) => (this.#output += chunk.toString()));
    }
  }

  /** Everything the process has printed. */
  get output(): string {
    return this.#output;
  }

  /** Resolves when `/health/ready` answers 200. */
  async ready(): Promise<this> {
    for (;;) {
      if (this.#process.exitCode !== null) {
        throw new Error(
          `the server ended with ${this.#process.exitCode}:\n${this.#output.slice(-4_000)}`,
        );
      }
      const isReady = await fetch(`${this.baseUrl}/health/ready`).then(
        (response) => response.ok,
        () => false,
      );
      if (isReady) return this;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }

  /** Calls the REST face with the token that it was given, or the one that it made in its data folder. */
  async call(
    method: string,
    path: string,
    body?: unknown,
    signal?: AbortSignal,
  ): Promise<Response> {
    const token = this.#token ?? (await readFile(join(this.#dataDir, 'api-token'), 'utf8')).trim();
    return fetch(`${this.baseUrl}/api/v1${path}`, {
      method,
      ...(signal && { signal }),
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }

  /** Ends the process at once; resolves when it is gone. */
  async kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.#exited;
  }

  /** Asks the process to end. @returns its exit code */
  async stop(): Promise<number | null> {
    this.#process.kill('SIGTERM');
    return this.#exited;
  }
}
