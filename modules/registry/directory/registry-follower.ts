import { Logger } from '@nestjs/common';
import type { CancelTimer, Clock } from '../../kernel/index.js';
import type { RegistryDirectory } from './registry-directory.js';
import type { RegistryLog } from './registry-log.js';

type RegistrySubscription = ReturnType<RegistryLog['subscribe']>;

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 10_000;

/**
 * Keeps the directory up to date between barriers: a subscription to the registry stream is the bell, the read of the
 * directory does the work. A subscription that ends or fails is made again, after a pause that doubles up to 10 s.
 */
export class RegistryFollower {
  readonly #log: RegistryLog;
  readonly #directory: RegistryDirectory;
  readonly #clock: Clock;
  readonly #logger = new Logger('Registry');
  #subscription: RegistrySubscription | undefined;
  #cancelRestart: CancelTimer | undefined;
  #failures = 0;
  #isStopped = true;

  constructor(log: RegistryLog, directory: RegistryDirectory, clock: Clock) {
    this.#log = log;
    this.#directory = directory;
    this.#clock = clock;
  }

  /** Begins to follow; while it follows already, does nothing. */
  start(): void {
    if (!this.#isStopped) return;
    this.#isStopped = false;
    this.#subscribe();
  }

  /** Ends the subscription, for good. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancelRestart?.();
    const subscription = this.#subscription;
    this.#subscription = undefined;
    if (subscription) await this.#end(subscription);
  }

  async #end(subscription: RegistrySubscription): Promise<void> {
    try {
      await subscription.unsubscribe();
    } catch (error) {
      this.#logger.debug(`the registry subscription ended with: ${messageOf(error)}`);
    }
  }

  #subscribe(): void {
    const subscription = this.#log.subscribe(this.#directory.appliedPointer);
    this.#subscription = subscription;
    subscription.on('confirmation', () => {
      this.#failures = 0;
    });
    subscription.on('data', ({ event }) => {
      if (event && event.revision > this.#directory.appliedPointer) this.#read();
    });
    subscription.on('error', (error) => {
      this.#restart(subscription, error);
    });
    subscription.on('end', () => {
      this.#restart(subscription);
    });
    subscription.on('close', () => {
      this.#restart(subscription);
    });
  }

  #read(): void {
    this.#directory.barrier().catch((error: unknown) => {
      this.#logger.warn(`cannot follow the registry: ${messageOf(error)}`);
      this.#restart(this.#subscription);
    });
  }

  #restart(ended: RegistrySubscription | undefined, error?: Error): void {
    if (this.#isStopped || ended !== this.#subscription || !ended) return;
    this.#subscription = undefined;
    if (error) this.#logger.warn(`the registry subscription was dropped: ${error.message}`);
    void this.#end(ended);
    const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** this.#failures++, LONGEST_PAUSE_MS);
    this.#cancelRestart = this.#clock.setTimer(() => {
      this.#subscribe();
    }, pauseMs);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
