import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { MARK } from './payloads.js';

/**
 * The endpoint of every contender, in a process of its own: reads the body, notes when each number came, answers 204. It
 * parses nothing, so that it is never what bounds a contender.
 */
let receivedAt = new Float64Array(0);
let repeats = 0;
let strays = 0;

const mark = Buffer.from(MARK);
const now = (): number => performance.timeOrigin + performance.now();

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    note(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks), request);
    response.writeHead(204).end();
  });
});
server.keepAliveTimeout = 60_000;

function note(body: Buffer, request: IncomingMessage): void {
  const at = body.indexOf(mark);
  const number =
    at < 0
      ? NaN
      : Number.parseInt(body.toString('latin1', at + mark.length, at + mark.length + 9), 10);
  if (Number.isNaN(number) || number >= receivedAt.length || request.method !== 'POST') {
    strays += 1;
    return;
  }
  if (receivedAt[number] === 0) receivedAt[number] = now();
  else repeats += 1;
}

process.on(
  'message',
  (command: { readonly kind: 'expect'; readonly count: number } | { readonly kind: 'report' }) => {
    if (command.kind === 'expect') {
      receivedAt = new Float64Array(command.count);
      repeats = 0;
      strays = 0;
      process.send?.({ kind: 'expecting' });
      return;
    }
    process.send?.({ kind: 'report', receivedAt, repeats, strays });
  },
);
process.on('disconnect', () => process.exit(0));

server.listen(0, '127.0.0.1', () => {
  process.send?.({ kind: 'listening', port: (server.address() as AddressInfo).port });
});
