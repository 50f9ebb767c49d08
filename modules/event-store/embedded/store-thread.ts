import { Worker } from 'node:worker_threads';

/** A worker thread that answers calls with messages, and whose end is noticed. */
export class StoreThread<Call extends { readonly kind: string }, Answer> {
  readonly #worker: Worker;
  readonly #exited: Promise<void>;
  #onAnswer: ((answer: Answer) => void) | undefined;
  #isClosing = false;
  /** What the thread says about itself before it is called; rejects if it ends instead. */
  readonly firstAnswer: Promise<Answer>;
  /** Resolves with the reason when the thread ended without having been closed. */
  readonly died: Promise<Error>;

  constructor(url: URL, data: unknown) {
    const worker = new Worker(url, { workerData: data });
    this.#worker = worker;
    let reason: Error | undefined;
    worker.on('error', (error) => {
      reason = error;
    });
    this.#exited = new Promise((resolve) => {
      worker.once('exit', () => {
        resolve();
      });
    });
    this.died = new Promise((resolve) => {
      worker.once('exit', (code) => {
        if (!this.#isClosing) resolve(reason ?? new Error(`A thread ended with code ${code}`));
      });
    });
    this.firstAnswer = new Promise((resolve, reject) => {
      worker.once('message', (answer: Answer) => {
        resolve(answer);
        worker.on('message', (later: Answer) => this.#onAnswer?.(later));
      });
      void this.died.then(reject);
    });
  }

  /** Who takes the answers from now on. */
  onAnswer(take: (answer: Answer) => void): void {
    this.#onAnswer = take;
  }

  send(call: Call, transfer: readonly ArrayBuffer[] = []): void {
    this.#worker.postMessage(call, transfer);
  }

  /** Sends the last call, at which the thread ends by itself, and waits for that. */
  async close(lastCall: Call): Promise<void> {
    this.#isClosing = true;
    this.send(lastCall);
    await this.#exited;
  }

  /** Ends the thread where it stands, if it has not ended. */
  async terminate(): Promise<void> {
    this.#isClosing = true;
    await this.#worker.terminate();
  }
}
