import type { LogRecord, StreamPage } from './event-log.js';
import { isMetastream, originalOf } from './system-names.js';

/** Most streams whose ends are known. */
const MOST_STREAMS = 64;

/** Being asked of the file; nothing was committed to the stream since. */
const ASKED = -1;

/**
 * Where streams end that somebody reads on from time to time, such as one that is read before each match: who looks
 * whether there is more is answered without the file. Everything that is committed passes here before its appender learns
 * of it, so what is answered is never older than what anybody knows.
 */
export class StreamEnds {
  readonly #lastRevisions = new Map<string, number>();

  /** What a read from `from` on finds, if it is known that it finds nothing. */
  after(stream: string, from: number): StreamPage | undefined {
    const lastRevision = this.#lastRevisions.get(stream);
    if (lastRevision === undefined || lastRevision === ASKED || from <= lastRevision) return;
    return { state: 'present', records: [], next: null, lastRevision };
  }

  /** The file is being read for more of a stream. */
  asked(stream: string): void {
    // whether the metadata of a stream can be read depends on that stream as well
    if (this.#lastRevisions.has(stream) || isMetastream(stream)) return;
    this.#lastRevisions.set(stream, ASKED);
    if (this.#lastRevisions.size <= MOST_STREAMS) return;
    const [oldest] = this.#lastRevisions.keys();
    if (oldest !== undefined) this.#lastRevisions.delete(oldest);
  }

  /** The answer of the file, unless a commit overtook it. @param lastRevision `undefined` for a stream that is not there */
  told(stream: string, lastRevision: number | undefined): void {
    if (this.#lastRevisions.get(stream) !== ASKED) return;
    if (lastRevision === undefined) this.#lastRevisions.delete(stream);
    else this.#lastRevisions.set(stream, lastRevision);
  }

  /** @param plainStreams of the streams appended to, those of which nothing hides events */
  committed(records: readonly LogRecord[], plainStreams: ReadonlySet<string>): void {
    if (this.#lastRevisions.size === 0) return;
    for (const { stream, revision } of records) {
      if (isMetastream(stream)) this.#lastRevisions.delete(originalOf(stream));
      if (!this.#lastRevisions.has(stream)) continue;
      if (plainStreams.has(stream)) this.#lastRevisions.set(stream, revision);
      else this.#lastRevisions.delete(stream);
    }
  }

  /** Forgets everything: the file was changed. */
  clear(): void {
    this.#lastRevisions.clear();
  }
}
