import { EngineError } from './event-log.js';
import type { ReaderAnswer, ReaderCall, ReaderQuery, ReaderResult } from './reader-protocol.js';

interface Pending {
  readonly resolve: (result: ReaderResult) => void;
  readonly reject: (error: Error) => void;
}

type ResultOf<Kind extends ReaderQuery['kind']> = Extract<ReaderResult, { kind: Kind }>;

/** Questions to the reader thread, and its answers. */
export class ReaderClient {
  readonly #send: (call: ReaderCall) => void;
  readonly #now: () => number;
  readonly #pending = new Map<number, Pending>();
  readonly #idle: (() => void)[] = [];
  #lastId = 0;
  #end: EngineError | undefined;

  constructor(now: () => number, send: (call: ReaderCall) => void) {
    this.#now = now;
    this.#send = send;
  }

  async read<Kind extends ReaderQuery['kind']>(
    query: Extract<ReaderQuery, { kind: Kind }>,
  ): Promise<ResultOf<Kind>> {
    if (this.#end) throw this.#end;
    const id = ++this.#lastId;
    const result = await new Promise<ReaderResult>((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.#send({ kind: 'query', id, now: this.#now(), query });
    });
    return result as ResultOf<Kind>;
  }

  take(answer: ReaderAnswer): void {
    if (answer.kind === 'ready') return;
    const pending = this.#pending.get(answer.id);
    this.#pending.delete(answer.id);
    if (answer.kind === 'result') pending?.resolve(answer.result);
    else pending?.reject(new EngineError({ kind: 'unavailable', message: answer.message }));
    if (this.#pending.size === 0) this.#becomeIdle();
  }

  /** Refuses questions from now on, with `reason`. @returns when those that were asked are answered */
  async close(reason: string): Promise<void> {
    this.#end ??= new EngineError({ kind: 'unavailable', message: reason });
    if (this.#pending.size > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  /** The thread is gone. */
  fail(message: string): void {
    const error = new EngineError({ kind: 'unavailable', message });
    this.#end = error;
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
    this.#becomeIdle();
  }

  #becomeIdle(): void {
    for (const resolve of this.#idle.splice(0)) resolve();
  }
}
