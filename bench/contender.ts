import type { Message } from './payloads.js';

/** Where a contender works. */
export interface Arena {
  /** URL that every message is to be posted to. */
  readonly receiverUrl: string;
  /** Requests that may be under way at once. */
  readonly concurrency: number;
  /** An empty folder of its own. */
  readonly dataDir: string;
  /** Address of the service that the contender stands on, where it has one. */
  readonly serviceUrl: string | null;
}

/** What a contender says became of what was published. */
export interface Ledger {
  readonly delivered: number;
  readonly pending: number;
  readonly dead: number;
}

/** One way to get a message delivered, as an application would use it. */
export interface Contender {
  /** Publishes a message as an application does: resolves when it is as durable as this contender makes it. */
  publish(message: Message): Promise<void>;
  /** Resolves when `count` messages have a recorded outcome that can be seen where the contender shows them. */
  settled(count: number): Promise<void>;
  ledger(): Promise<Ledger>;
  stop(): Promise<void>;
}

export type StartContender = (arena: Arena) => Promise<Contender>;

/** The contenders by name, in the order in which they are shown. */
export const CONTENDERS = ['raw', 'embedded', 'wire', 'bullmq', 'pgboss'] as const;
export type ContenderName = (typeof CONTENDERS)[number];

/** Counts outcomes, and tells when there are enough. */
export class OutcomeCount {
  #count = 0;
  #waiting: { readonly count: number; readonly resolve: () => void } | undefined;

  get count(): number {
    return this.#count;
  }

  add(): void {
    this.#count += 1;
    if (this.#waiting && this.#count >= this.#waiting.count) {
      this.#waiting.resolve();
      this.#waiting = undefined;
    }
  }

  reached(count: number): Promise<void> {
    if (this.#count >= count) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting = { count, resolve };
    });
  }
}
