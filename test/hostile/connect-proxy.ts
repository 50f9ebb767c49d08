import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { Certificate } from './certificates.js';

/** What the proxy does with a CONNECT. */
export type ProxyBehaviour = (client: Socket, request: IncomingMessage) => void;

/** An HTTP proxy on a free port of the loopback that opens tunnels to wherever it is told. */
export class ConnectProxy {
  /** The authorities that tunnels were asked to. */
  readonly asked: string[] = [];
  readonly requests: IncomingMessage[] = [];
  connections = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(
    private readonly behaviour: ProxyBehaviour,
    private readonly certificate: Certificate | undefined,
  ) {
    this.#server = certificate ? createSecureServer(certificate) : createServer();
    this.#server.on(certificate ? 'secureConnection' : 'connection', (socket: Socket) => {
      this.connections += 1;
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      socket.on('error', () => undefined);
    });
    this.#server.on('connect', (request: IncomingMessage, client: Socket) => {
      this.asked.push(request.url ?? '');
      this.requests.push(request);
      this.behaviour(client, request);
    });
    this.#server.on('tlsClientError', () => undefined);
  }

  static async start(
    behaviour: ProxyBehaviour = tunnel,
    options: { readonly tls?: Certificate } = {},
  ): Promise<ConnectProxy> {
    const proxy = new ConnectProxy(behaviour, options.tls);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get url(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `${this.certificate ? 'https' : 'http'}://127.0.0.1:${port}`;
  }

  /** Ends every connection through it. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.cut();
    await closed;
  }
}

/** Opens a tunnel to the authority, as an honest proxy does. */
export function tunnel(client: Socket, { url = '' }: IncomingMessage): void {
  const { hostname, port } = new URL(`http://${url}`);
  const upstream = connect(Number(port), hostname.replace(/^\[|\]$/g, ''));
  upstream.on('connect', () => {
    client.write('HTTP/1.1 200 Connection established\r\n\r\n');
    client.pipe(upstream).pipe(client);
  });
  upstream.on('error', () => client.destroy());
  client.on('close', () => upstream.destroy());
}

/** Refuses every tunnel with this status. */
export function refuse(status: number, headers: readonly string[] = []): ProxyBehaviour {
  return (client) => {
    client.end([`HTTP/1.1 ${status} x`, 'content-length: 0', ...headers, '', ''].join('\r\n'));
  };
}
