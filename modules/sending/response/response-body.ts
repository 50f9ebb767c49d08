import { StringDecoder } from 'node:string_decoder';
import { redact, redactCut } from './redaction.js';
import { decompressStart } from './decompression.js';

/** How much of a response is recorded, after decompression. */
export const KEPT_BYTES = 4_096;

/** How much is held until then: more than is recorded, so that a secret across the cut is recognised and masked. */
export const HELD_BYTES = 2 * KEPT_BYTES;

/** How much more is read and dropped to keep the connection; a longer response costs the connection instead. */
const DRAINED_BYTES = 65_536;

export interface RecordedBody {
  /** `null` when it is compressed in a way that is not known. */
  readonly text: string | null;
  readonly isTruncated: boolean;
}

/** Takes in a response body of any length and holds no more of it than it was told to. */
export class ResponseBody {
  #held: Buffer | null = null;
  #heldBytes = 0;
  #receivedBytes = 0;

  /**
   * @param encoding the response's `content-encoding`; empty when there is none
   * @param limit how much is held, in bytes
   */
  constructor(
    readonly encoding: string,
    readonly limit: number = HELD_BYTES,
  ) {}

  /** Whether nothing that may still come would be held. */
  get isComplete(): boolean {
    return this.#heldBytes === this.limit;
  }

  /** Whether more came than is held. */
  get isCut(): boolean {
    return this.#receivedBytes > this.#heldBytes;
  }

  /** Whether reading on costs more than a new connection. */
  get isEndless(): boolean {
    return this.#receivedBytes > this.limit + DRAINED_BYTES;
  }

  add(chunk: Buffer): void {
    this.#receivedBytes += chunk.length;
    if (this.isComplete) return;
    const part = chunk.length > this.limit ? chunk.subarray(0, this.limit) : chunk;
    if (this.#held === null) {
      this.#held = part;
      this.#heldBytes = part.length;
      return;
    }
    // Small chunks are gathered: each would keep the memory of the read that it came from.
    if (this.#held.length < this.limit) this.#held = grown(this.#held, this.limit);
    this.#heldBytes += part.copy(this.#held, this.#heldBytes);
  }

  /** Whether `record` has to decompress, which takes a while. */
  get isCompressed(): boolean {
    return this.encoding !== '' && this.encoding !== 'identity' && this.#receivedBytes > 0;
  }

  /** What is recorded of an uncompressed body. */
  recordPlain(secrets: readonly string[]): RecordedBody {
    return recordText(this.bytes, this.isCut, secrets);
  }

  /** What is recorded of a compressed body: as much as the held part says. */
  async recordCompressed(secrets: readonly string[]): Promise<RecordedBody> {
    const start = await decompressStart(this.bytes, this.encoding, HELD_BYTES);
    if (start === null) return { text: null, isTruncated: true };
    return recordText(start.bytes, start.isCut || this.isCut, secrets);
  }

  /** What is held. */
  get bytes(): Buffer {
    return this.#held?.subarray(0, this.#heldBytes) ?? Buffer.alloc(0);
  }
}

function recordText(bytes: Buffer, isCut: boolean, secrets: readonly string[]): RecordedBody {
  const isTruncated = isCut || bytes.length > KEPT_BYTES;
  const text = bytes.toString();
  const redacted = isCut ? redactCut(text, secrets) : redact(text, secrets);
  if (!isTruncated) return { text: redacted, isTruncated };
  const source = redacted === text ? bytes : Buffer.from(redacted);
  // `write` leaves out a character that the cut split.
  return { text: new StringDecoder('utf8').write(source.subarray(0, KEPT_BYTES)), isTruncated };
}

function grown(start: Buffer, size: number): Buffer {
  const buffer = Buffer.allocUnsafeSlow(size);
  start.copy(buffer);
  return buffer;
}
