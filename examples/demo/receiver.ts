import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';

/**
 * What the receiver answers to the `attempt`-th request of a message, counted from 1: a status, or nothing at all, in which
 * case it hangs up.
 */
export type Answer = (attempt: number) => number | 'nothing';

/**
 * An endpoint as a customer would write one: it verifies each request with the official `standardwebhooks` library, and
 * keeps account of what it saw.
 */
export class Receiver {
  readonly #server: Server;
  readonly #attempts = new Map<string, number>();
  readonly #accepted = new Map<string, number>();
  #verifier: Webhook | undefined;
  #answer: Answer;
  #rejectedSignatures = 0;

  constructor(answer: Answer) {
    this.#answer = answer;
    this.#server = createServer((request, response) => {
      void this.#receive(request, response);
    });
  }

  /** Distinct messages that were verified and answered with 2xx. */
  get acceptedMessages(): number {
    return this.#accepted.size;
  }

  /** Messages that were accepted more than once. */
  get repeatedMessages(): number {
    return [...this.#accepted.values()].filter((times) => times > 1).length;
  }

  get rejectedSignatures(): number {
    return this.#rejectedSignatures;
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${String(port)}/`;
  }

  /** The receiver is told its secret when the webhook is registered. */
  useSecret(secret: string): void {
    this.#verifier = new Webhook(secret);
  }

  /** From now on it answers otherwise. */
  answerWith(answer: Answer): void {
    this.#answer = answer;
  }

  async close(): Promise<void> {
    await new Promise((resolve) => {
      this.#server.close(resolve);
      this.#server.closeAllConnections();
    });
  }

  async #receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body: Buffer[] = [];
    for await (const chunk of request) body.push(chunk as Buffer);
    const answer = this.#answerTo(request, Buffer.concat(body));
    if (answer === 'nothing') request.socket.destroy();
    else response.writeHead(answer).end();
  }

  #answerTo({ headers }: IncomingMessage, body: Buffer): number | 'nothing' {
    try {
      if (!this.#verifier) return 503;
      this.#verifier.verify(body, headers as Record<string, string>);
    } catch {
      this.#rejectedSignatures += 1;
      return 401;
    }
    const id = String(headers['webhook-id']);
    const attempt = (this.#attempts.get(id) ?? 0) + 1;
    this.#attempts.set(id, attempt);
    const answer = this.#answer(attempt);
    if (answer !== 'nothing' && answer < 300) {
      this.#accepted.set(id, (this.#accepted.get(id) ?? 0) + 1);
    }
    return answer;
  }
}
