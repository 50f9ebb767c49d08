import { Worker } from 'node:worker_threads';

/** A worker thread with typed messages, whose end is known. */
export class StoreThread<Call extends { readonly kind: string }, Answer> {
  readonly #worker: Worker;
  #isClosing = false;
  /** Resolves with the error when the thread ended without having been closed. */
  readonly died: Promise<Error>;
  readonly #exited: Promise<void>;

  constructor(url: URL, data: unknown, onAnswer: (answer: Answer) => void) {
    this.#worker = new Worker(url, { workerData: data });
    this.#worker.on('message', onAnswer);
    let reason: Error | undefined;
    this.#worker.on('error', (error) => {
      reason = error;
    });
    let confirmDeath: (error: Error) => void;
    this.died = new Promise((resolve) => {
      confirmDeath = resolve;
    });
    this.#exited = new Promise((resolve) => {
      this.#worker.once('exit', (code) => {
        resolve();
        if (!this.#isClosing) confirmDeath(reason ?? new Error(`thread exited with code ${code}`));
      });
    });
  }

  send(call: Call, transfer: readonly ArrayBuffer[] = []): void {
    this.#worker.postMessage(call, transfer);
  }

  /** Sends `call`, the last one, after which the thread ends by itself. */
  async close(call: Call): Promise<void> {
    this.#isClosing = true;
    this.send(call);
    await this.#exited;
  }

  /** Ends the thread where it stands. */
  async terminate(): Promise<void> {
    this.#isClosing = true;
    await this.#worker.terminate();
  }
}
