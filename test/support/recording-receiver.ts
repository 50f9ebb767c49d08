import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request as an endpoint received it. */
export interface ReceivedRequest {
  readonly path: string;
  readonly webhookId: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** Answers one request; `count` is how often this `webhook-id` has come, this time included. */
export type Behaviour = (
  request: ReceivedRequest,
  response: ServerResponse,
  count: number,
) => void | Promise<void>;

const ok: Behaviour = (_request, response) => {
  response.writeHead(204).end();
};

/**
 * A receiver on a free port of the loopback interface, which writes down what it is sent. Each path is an endpoint with a
 * behaviour of its own.
 */
export class RecordingReceiver {
  readonly requests: ReceivedRequest[] = [];
  readonly #server: Server;
  readonly #behaviours = new Map<string, Behaviour>();
  readonly #counts = new Map<string, number>();
  readonly #waiting = new Set<() => void>();

  private constructor() {
    this.#server = createServer((request, response) => {
      void this.#receive(request, response);
    });
  }

  static async start(): Promise<RecordingReceiver> {
    const receiver = new RecordingReceiver();
    await new Promise<void>((resolve) => receiver.#server.listen(0, '127.0.0.1', resolve));
    return receiver;
  }

  url(path: string): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}${path}`;
  }

  /** Sets how the endpoint at `path` answers from now on. Default: 204. */
  behave(path: string, behaviour: Behaviour): void {
    this.#behaviours.set(path, behaviour);
  }

  /** What came to `path`, in the order of arrival. */
  at(path: string): ReceivedRequest[] {
    return this.requests.filter((request) => request.path === path);
  }

  /** Resolves when `isMet` holds, which is asked after each request. */
  async until(isMet: () => boolean): Promise<void> {
    if (isMet()) return;
    await new Promise<void>((resolve) => {
      const check = (): void => {
        if (!isMet()) return;
        this.#waiting.delete(check);
        resolve();
      };
      this.#waiting.add(check);
    });
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) =>
      this.#server.close(() => {
        resolve();
      }),
    );
  }

  async #receive(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const request: ReceivedRequest = {
      path: incoming.url ?? '/',
      webhookId: String(incoming.headers['webhook-id']),
      headers: incoming.headers,
      body: Buffer.concat(chunks).toString(),
    };
    const key = `${request.path} ${request.webhookId}`;
    const count = (this.#counts.get(key) ?? 0) + 1;
    this.#counts.set(key, count);
    this.requests.push(request);
    for (const check of this.#waiting) check();
    await (this.#behaviours.get(request.path) ?? ok)(request, response, count);
  }
}
