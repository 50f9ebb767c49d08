import type { Transform } from 'node:stream';
import {
  constants,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createInflateRaw,
} from 'node:zlib';

export interface DecompressedStart {
  readonly bytes: Buffer;
  /** Whether there may be more than `bytes`: the limit was reached, or the input ends early or is damaged. */
  readonly isCut: boolean;
}

/**
 * Decompresses the beginning of a body, up to `limit` bytes of output. No more than that is ever expanded, whatever the
 * ratio: the output is taken in pieces of `limit` bytes, and the second piece is never asked for.
 *
 * @returns `null` for an encoding other than `gzip`, `deflate` and `br`
 */
export function decompressStart(
  input: Buffer,
  encoding: string,
  limit: number,
): Promise<DecompressedStart | null> {
  const decompressor = decompressorFor(input, encoding, limit);
  if (!decompressor) return Promise.resolve(null);
  return new Promise((resolve) => {
    const pieces: Buffer[] = [];
    let size = 0;
    const finish = (isCut: boolean): void => {
      decompressor.destroy();
      resolve({ bytes: Buffer.concat(pieces).subarray(0, limit), isCut });
    };
    decompressor.on('data', (piece: Buffer) => {
      pieces.push(piece);
      size += piece.length;
      if (size >= limit) finish(true);
    });
    decompressor.on('end', () => {
      finish(false);
    });
    decompressor.on('error', () => {
      finish(true);
    });
    decompressor.end(input);
  });
}

function decompressorFor(
  input: Buffer,
  encoding: string,
  chunkSize: number,
): Transform | undefined {
  // Flushed instead of finished, so that an input which ends early still gives what it holds.
  const options = { chunkSize, finishFlush: constants.Z_SYNC_FLUSH };
  switch (encoding.trim().toLowerCase()) {
    case 'gzip':
    case 'x-gzip':
      return createGunzip(options);
    case 'deflate':
      // Some servers send it without the zlib header that RFC 9110 asks for.
      if (((input[0] ?? 0) & 0x0f) === 0x08) return createInflate(options);
      return createInflateRaw(options);
    case 'br':
      return createBrotliDecompress({
        chunkSize,
        finishFlush: constants.BROTLI_OPERATION_FLUSH,
      });
    default:
      return undefined;
  }
}
