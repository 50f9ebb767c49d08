import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import ipaddr from 'ipaddr.js';

const TYPE_A = 1;
const NO_ERROR = 0;
const SERVER_FAILURE = 2;
const NO_SUCH_NAME = 3;

/** What is answered to a question: addresses of both families, an error, nothing at all, or that there is no such name. */
export type NameAnswer = readonly string[] | 'broken' | 'silent' | undefined;

interface Question {
  readonly name: string;
  readonly type: number;
  /** Where it ends in the query. */
  readonly end: number;
}

/** A DNS server on a free port of the loopback that tells of each name what the test wants, with a time to live of 0. */
export class NameServer {
  /** Names with their types (`A`, `AAAA`) in the order in which they were asked for. */
  readonly asked: string[] = [];
  readonly #socket: Socket;

  private constructor(answer: (name: string) => NameAnswer) {
    this.#socket = createSocket('udp4');
    this.#socket.on('message', (query, from) => {
      const question = questionOf(query);
      this.asked.push(`${question.name}/${question.type === TYPE_A ? 'A' : 'AAAA'}`);
      const known = answer(question.name);
      if (known === 'silent') return;
      this.#socket.send(replyTo(query, question, known), from.port, from.address);
    });
  }

  /** @param answer asked once for each query: twice for a look-up of both families */
  static async start(answer: (name: string) => NameAnswer): Promise<NameServer> {
    const server = new NameServer(answer);
    server.#socket.bind(0, '127.0.0.1');
    await once(server.#socket, 'listening');
    return server;
  }

  /** `address:port`. */
  get address(): string {
    return `127.0.0.1:${this.#socket.address().port}`;
  }

  async close(): Promise<void> {
    const closed = once(this.#socket, 'close');
    this.#socket.close();
    await closed;
  }
}

function questionOf(query: Buffer): Question {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 };
}

function replyTo(query: Buffer, { type, end }: Question, known: NameAnswer): Buffer {
  const code = known === undefined ? NO_SUCH_NAME : known === 'broken' ? SERVER_FAILURE : NO_ERROR;
  const size = type === TYPE_A ? 4 : 16;
  const addresses = (typeof known === 'object' ? known : [])
    .map((address) => ipaddr.parse(address).toByteArray())
    .filter(({ length }) => length === size);
  const head = Buffer.from(query.subarray(0, end));
  head.writeUInt16BE(0x8180 | code, 2);
  head.writeUInt16BE(addresses.length, 6);
  head.writeUInt32BE(0, 8);
  const records = addresses.map((bytes) =>
    Buffer.from([0xc0, 12, 0, type, 0, 1, 0, 0, 0, 0, 0, bytes.length, ...bytes]),
  );
  return Buffer.concat([head, ...records]);
}
