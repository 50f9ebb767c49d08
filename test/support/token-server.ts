import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request for a token, as the server received it. */
export interface TokenRequest {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly form: Readonly<Record<string, string>>;
}

/** Answers a request for a token; `count` is how many have come, this one included. */
export type TokenBehaviour = (
  response: ServerResponse,
  count: number,
  request: TokenRequest,
) => void | Promise<void>;

/** Gives `token-1`, `token-2`, ... */
export function tokens(fields: Record<string, unknown> = { expires_in: 3_600 }): TokenBehaviour {
  return (response, count) => {
    answerJson(response, 200, {
      access_token: `token-${count}`,
      token_type: 'Bearer',
      ...fields,
    });
  };
}

export function answerJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

/** A little authorization server on a free port of the loopback interface, which writes down what it is asked. */
export class TokenServer {
  /** What came to `/token`. */
  readonly requests: TokenRequest[] = [];
  /** What was asked for by GET: metadata. */
  readonly lookUps: string[] = [];
  readonly metadata = new Map<string, unknown>();
  #behaviour: TokenBehaviour = tokens();
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => {
      void this.#receive(request, response);
    });
  }

  static async start(): Promise<TokenServer> {
    const server = new TokenServer();
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get tokenUrl(): string {
    return `${this.origin}/token`;
  }

  /** Sets how `/token` answers from now on. Default: a new token each time, for an hour. */
  behave(behaviour: TokenBehaviour): void {
    this.#behaviour = behaviour;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) =>
      this.#server.close(() => {
        resolve();
      }),
    );
  }

  async #receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '';
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    if (request.method === 'GET') {
      this.lookUps.push(path);
      const document = this.metadata.get(path);
      answerJson(response, document === undefined ? 404 : 200, document ?? {});
      return;
    }
    const form = Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString()));
    const received = { path, headers: request.headers, form };
    this.requests.push(received);
    await this.#behaviour(response, this.requests.length, received);
  }
}
