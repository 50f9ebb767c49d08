import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('./receiver.process.js', import.meta.url));

/** What the receiver saw since it was told what to expect. */
export interface Reception {
  /** When each number came first, in epoch milliseconds; 0 when it did not. */
  readonly receivedAt: Float64Array;
  /** Requests with a number that had come before. */
  readonly repeats: number;
  /** Requests that were nobody's. */
  readonly strays: number;
}

type Answer =
  | { readonly kind: 'listening'; readonly port: number }
  | { readonly kind: 'expecting' }
  | ({ readonly kind: 'report' } & Reception);

/** The receiver, in its own process. */
export class Receiver {
  readonly url: string;
  readonly #process: ChildProcess;

  private constructor(process: ChildProcess, port: number) {
    this.#process = process;
    this.url = `http://127.0.0.1:${port}/hook`;
  }

  static async start(): Promise<Receiver> {
    const child = fork(PROGRAM, { serialization: 'advanced' });
    const answer = await answerOf(child);
    if (answer.kind !== 'listening') throw new Error('the receiver does not listen');
    return new Receiver(child, answer.port);
  }

  /** Begins anew: numbers from 0 to below `count` are expected. */
  async expect(count: number): Promise<void> {
    const answer = answerOf(this.#process);
    this.#process.send({ kind: 'expect', count });
    await answer;
  }

  async report(): Promise<Reception> {
    const answer = answerOf(this.#process);
    this.#process.send({ kind: 'report' });
    const report = await answer;
    if (report.kind !== 'report') throw new Error('the receiver has no report');
    return report;
  }

  async close(): Promise<void> {
    const exited = once(this.#process, 'exit');
    this.#process.disconnect();
    await exited;
  }
}

async function answerOf(child: ChildProcess): Promise<Answer> {
  const [answer] = (await once(child, 'message')) as [Answer];
  return answer;
}
