import type { BatchMessage, BatchResult } from './batch.js';
import type { Refusal } from './open-database.js';
import type { ScavengeCursor, ScavengeStep } from './scavenger.js';

/** What the writer thread is started with. */
export interface WriterOptions {
  readonly folder: string;
  /** Epoch milliseconds. */
  readonly now: number;
  readonly maxPages?: number;
}

export type WriterCall =
  | { readonly kind: 'batch'; readonly batch: BatchMessage }
  | { readonly kind: 'scavenge'; readonly cursor: ScavengeCursor; readonly now: number }
  | { readonly kind: 'close' };

export type WriterAnswer =
  | { readonly kind: 'ready'; readonly head: number }
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  | { readonly kind: 'result'; readonly result: BatchResult }
  | { readonly kind: 'scavenged'; readonly step: ScavengeStep }
  /** Nothing of the step was kept. */
  | { readonly kind: 'not-scavenged'; readonly message: string };
