import type { LogFilter, StreamState } from './event-log.js';

/** Queries as the reader thread gets them: nothing is relative any more. */
export type ReaderQuery =
  | {
      readonly kind: 'stream';
      readonly stream: string;
      readonly isForwards: boolean;
      /** Revision, inclusive; `null` stands for the end of the stream. */
      readonly from: number | null;
      readonly limit: number;
      readonly resolveLinks: boolean;
    }
  | {
      readonly kind: 'all';
      readonly isForwards: boolean;
      /** Position: forwards inclusive, backwards exclusive. */
      readonly from: number;
      /** Nothing above this position is read. */
      readonly head: number;
      readonly limit: number;
      readonly resolveLinks: boolean;
      readonly filter: LogFilter | undefined;
      readonly searchWindow: number;
    }
  | { readonly kind: 'link'; readonly data: Uint8Array };

export type ReaderCall =
  | {
      readonly kind: 'query';
      readonly id: number;
      /** Epoch milliseconds: decides what has expired. */
      readonly now: number;
      readonly query: ReaderQuery;
    }
  | { readonly kind: 'close' };

/** Records on their way between threads: see `record-codec.ts`. */
export interface EncodedRecords {
  readonly strings: readonly string[];
  readonly buffer: ArrayBuffer;
}

export type ReaderResult =
  | {
      readonly kind: 'stream';
      readonly state: StreamState;
      readonly lastRevision: number;
      readonly next: number | null;
      readonly records: EncodedRecords;
    }
  | {
      readonly kind: 'all';
      readonly next: number;
      readonly isEnd: boolean;
      readonly considered: number;
      readonly records: EncodedRecords;
    }
  | { readonly kind: 'link'; readonly records: EncodedRecords };

export type ReaderAnswer =
  | { readonly kind: 'ready' }
  | { readonly kind: 'result'; readonly id: number; readonly result: ReaderResult }
  | { readonly kind: 'failed'; readonly id: number; readonly message: string };
