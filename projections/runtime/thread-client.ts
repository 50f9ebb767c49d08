import { Worker } from 'node:worker_threads';
import { PosthornError } from '../../modules/kernel/index.js';
import type { ThreadCall, ThreadReply } from './thread-protocol.js';

type ArgumentOf<Method> = Method extends (argument: infer Argument) => unknown ? Argument : never;
type ResultOf<Method> = Method extends (argument: never) => infer Result ? Result : never;

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** Calls into a worker thread. When the thread dies, every call that waits and every later one rejects. */
export class ThreadClient<Methods extends Record<keyof Methods, (argument: never) => unknown>> {
  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending>();
  #nextId = 0;
  #end: PosthornError | undefined;

  /**
   * @param script the thread's JavaScript
   * @param name names the thread in errors and in the process list
   */
  constructor(script: URL, name: string, workerData: unknown) {
    this.#worker = new Worker(script, { name, workerData });
    this.#worker.on('message', (reply: ThreadReply) => {
      this.#settle(reply);
    });
    this.#worker.on('error', (error) => {
      this.#fail(`the thread ${name} died: ${error.message}`);
    });
    this.#worker.on('exit', () => {
      this.#fail(`the thread ${name} has ended`);
    });
  }

  /** Whether the thread has ended, for whatever reason. */
  get isDead(): boolean {
    return this.#end !== undefined;
  }

  /** @throws PosthornError what the thread threw, or `PSH_PROJECTION_UNAVAILABLE` when the thread is gone */
  call<Name extends keyof Methods & string>(
    method: Name,
    argument: ArgumentOf<Methods[Name]>,
  ): Promise<ResultOf<Methods[Name]>> {
    return new Promise((resolve, reject) => {
      if (this.#end) {
        reject(this.#end);
        return;
      }
      const id = this.#nextId++;
      this.#pending.set(id, {
        resolve: (value) => {
          resolve(value as ResultOf<Methods[Name]>);
        },
        reject,
      });
      this.#worker.postMessage({ id, method, argument } satisfies ThreadCall);
    });
  }

  /** Ends the thread; calls that wait reject. */
  async terminate(): Promise<void> {
    await this.#worker.terminate();
  }

  #settle(reply: ThreadReply): void {
    const pending = this.#pending.get(reply.id);
    this.#pending.delete(reply.id);
    if ('failure' in reply) {
      pending?.reject(new PosthornError(reply.failure.code, reply.failure.message));
    } else {
      pending?.resolve(reply.value);
    }
  }

  #fail(message: string): void {
    this.#end ??= new PosthornError('PSH_PROJECTION_UNAVAILABLE', message);
    for (const { reject } of this.#pending.values()) reject(this.#end);
    this.#pending.clear();
  }
}
