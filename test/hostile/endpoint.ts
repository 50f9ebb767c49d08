import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import type { Certificate } from './certificates.js';

export interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** What the endpoint does with a request; it writes to the socket whatever it likes. */
export type Behaviour = (socket: Socket, request: ReceivedRequest) => void;

export interface EndpointOptions {
  readonly tls?: Certificate & TlsOptions;
  /** Called for every connection, before anything is read. */
  readonly onConnection?: (socket: Socket) => void;
  /** Address to listen on. */
  readonly host?: string;
  /** Port to listen on. @default a free one */
  readonly port?: number;
  /** Whether a connection that the other side has ended stays open on this one. */
  readonly isHalfOpenAllowed?: boolean;
}

/** An answer with the bytes that make it well-formed. */
export function answer(status: number, body = '', headers: readonly string[] = []): string {
  const lines = [`HTTP/1.1 ${status} x`, `content-length: ${Buffer.byteLength(body)}`, ...headers];
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}

/** A receiver on a free port of the loopback that speaks HTTP only as far as its behaviour does. */
export class Endpoint {
  readonly requests: ReceivedRequest[] = [];
  /** Connections that are open. */
  readonly sockets = new Set<Socket>();
  /** Connections that were ever made. */
  connections = 0;
  readonly #server: Server;
  readonly #behaviour: Behaviour;

  private constructor(
    behaviour: Behaviour,
    private readonly options: EndpointOptions,
  ) {
    this.#behaviour = behaviour;
    const accept = (socket: Socket): void => {
      this.#accept(socket);
    };
    this.#server = options.tls
      ? createTlsServer(options.tls, accept)
      : createServer({ allowHalfOpen: options.isHalfOpenAllowed === true }, accept);
    this.#server.on('tlsClientError', () => undefined);
  }

  static async start(
    behaviour: Behaviour = (socket) => socket.write(answer(200)),
    options: EndpointOptions = {},
  ): Promise<Endpoint> {
    const endpoint = new Endpoint(behaviour, options);
    endpoint.#server.listen(options.port ?? 0, options.host ?? '127.0.0.1');
    await once(endpoint.#server, 'listening');
    return endpoint;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address ? address.port : 0;
  }

  /** Its URL, with another host name if one is given. */
  url(host = this.options.host ?? '127.0.0.1', path = '/hook'): string {
    const name = host.includes(':') ? `[${host}]` : host;
    return `${this.options.tls ? 'https' : 'http'}://${name}:${this.port}${path}`;
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  #accept(socket: Socket): void {
    this.connections += 1;
    this.sockets.add(socket);
    socket.on('close', () => this.sockets.delete(socket));
    socket.on('error', () => undefined);
    this.options.onConnection?.(socket);
    let received = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      for (let next = parse(received); next; next = parse(received)) {
        received = received.subarray(next.size);
        this.requests.push(next.request);
        this.#behaviour(socket, next.request);
      }
    });
  }
}

function parse(bytes: Buffer): { request: ReceivedRequest; size: number } | undefined {
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd < 0) return undefined;
  const [start = '', ...lines] = bytes.subarray(0, headEnd).toString('latin1').split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  const size = headEnd + 4 + Number(headers['content-length'] ?? 0);
  if (bytes.length < size) return undefined;
  const [method = '', path = ''] = start.split(' ');
  const body = bytes.subarray(headEnd + 4, size);
  return { request: { method, path, headers, body }, size };
}
