import { type ChildProcess, spawn } from 'node:child_process';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';

const COMMAND = fileURLToPath(new URL('../../dist/src/cli/posthorn.js', import.meta.url));

/** `posthorn event-store` as a process of its own, on a given port and data folder. */
export class EventStoreProcess {
  readonly #process: ChildProcess;
  readonly #exited: Promise<number | null>;
  readonly #port: number;
  #output = '';

  constructor(options: { readonly dataDir: string; readonly port: number }) {
    this.#port = options.port;
    const settings = ['--port', String(options.port), '--data', options.dataDir];
    this.#process = spawn(process.execPath, [COMMAND, 'event-store', ...settings], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#exited = new Promise((resolve) => this.#process.once('exit', resolve));
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.on('data', (chunk: Buffer) => (this.#output += chunk.toString()));
    }
  }

  get connectionString(): string {
    return `esdb://127.0.0.1:${this.#port}?tls=false`;
  }

  /** Resolves when it accepts connections. */
  async ready(): Promise<this> {
    while (!(await this.#accepts())) {
      if (this.#process.exitCode !== null) {
        throw new Error(`the event store ended with ${this.#process.exitCode}:\n${this.#output}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    return this;
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

  #accepts(): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect(this.#port, '127.0.0.1', () => {
        socket.destroy();
        resolve(true);
      });
      socket.once('error', () => {
        resolve(false);
      });
    });
  }
}
