import type { Socket } from 'node:net';

/** The head of a success, up to where the headers go on. */
export const HEAD = 'HTTP/1.1 200 OK\r\n';

/** The head of a success whose body lasts until the connection ends. */
export const ENDLESS = `${HEAD}content-type: text/plain\r\n\r\n`;

/** More than kernel buffers hold on both sides: who has taken this has read without a bound. */
const UNBOUNDED_BYTES = 64_000_000;

/** Writes `start`, then a little more at every turn of the event loop for as long as the other side listens. */
export function drip(socket: Socket, start: string, drop: string): void {
  socket.write(start);
  const next = (): void => {
    if (socket.destroyed) return;
    socket.write(drop);
    setTimeout(next, 1);
  };
  next();
}

/** Writes `start`, then as much as the other side takes; a bound catches the reader that takes everything. */
export function flood(socket: Socket, start: string, wave = 'y'.repeat(65_536)): void {
  socket.write(start);
  const next = (): void => {
    while (!socket.destroyed && socket.bytesWritten < UNBOUNDED_BYTES) {
      if (!socket.write(wave)) {
        socket.once('drain', next);
        return;
      }
    }
    if (!socket.destroyed) throw new Error('the endless response was read to its end');
  };
  next();
}
