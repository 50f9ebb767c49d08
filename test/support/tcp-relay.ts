import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** Which bytes a relay holds back: those of the clients, those of the server, or both. */
export type HeldSide = 'client' | 'server' | 'both';

interface Link {
  /** Which connection it is, from 1 on. */
  readonly number: number;
  readonly client: Socket;
  readonly server: Socket;
}

/** Stands between clients and a server on this machine: the network, with faults to order. */
export class TcpRelay {
  readonly #listener: Server;
  readonly #links = new Set<Link>();
  #held: { readonly side: HeldSide; readonly only: number | undefined } | undefined;
  #accepted = 0;

  private constructor(targetPort: number) {
    this.#listener = createServer((client) => {
      const number = ++this.#accepted;
      this.#join({ number, client, server: connect(targetPort, '127.0.0.1') });
    });
  }

  static async to(targetPort: number): Promise<TcpRelay> {
    const relay = new TcpRelay(targetPort);
    await new Promise<void>((resolve) => relay.#listener.listen(0, '127.0.0.1', resolve));
    return relay;
  }

  get port(): number {
    return (this.#listener.address() as AddressInfo).port;
  }

  get connectionString(): string {
    return `esdb://127.0.0.1:${this.port}?tls=false`;
  }

  /** Connections that were made so far. */
  get accepted(): number {
    return this.#accepted;
  }

  /**
   * From now on nothing of that side gets through, and nobody is told.
   * @param only the number of the connection, from 1 on; default: every one
   */
  hold(side: HeldSide, only?: number): void {
    this.#held = { side, only };
    for (const link of this.#links) this.#apply(link);
  }

  /** What was held gets through. */
  release(): void {
    this.#held = undefined;
    for (const link of this.#links) this.#apply(link);
  }

  /** Breaks every connection. */
  cut(): void {
    for (const { client, server } of this.#links) {
      client.resetAndDestroy();
      server.destroy();
    }
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#listener.close(resolve));
    this.cut();
    await closed;
  }

  #join(link: Link): void {
    const { client, server } = link;
    this.#links.add(link);
    client.on('data', (bytes) => server.write(bytes));
    server.on('data', (bytes) => client.write(bytes));
    this.#apply(link);
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      socket.on('error', () => undefined);
      socket.on('close', () => {
        other.destroy();
        this.#links.delete(link);
      });
    }
  }

  #apply({ number, client, server }: Link): void {
    const { side, only = number } = this.#held ?? {};
    const held = only === number ? side : undefined;
    if (held === 'client' || held === 'both') client.pause();
    else client.resume();
    if (held === 'server' || held === 'both') server.pause();
    else server.resume();
  }
}
