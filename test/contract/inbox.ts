import type { AllStreamResolvedEvent, ResolvedEvent } from '@eventstore/db-client';

/** What an inbox needs of a subscription. */
interface Emitter {
  on(event: string | symbol, listener: (...args: unknown[]) => void): unknown;
}

type Received = ResolvedEvent | AllStreamResolvedEvent;

/** What a subscription brings, for tests that wait for it. */
export class Inbox {
  readonly events: Received[] = [];
  caughtUpCount = 0;
  error: unknown;
  #wake: (() => void) | undefined;

  constructor(subscription: Emitter) {
    subscription.on('data', (event) => {
      this.events.push(event as Received);
      this.#wake?.();
    });
    subscription.on('caughtUp', () => {
      this.caughtUpCount++;
      this.#wake?.();
    });
    subscription.on('error', (error) => {
      this.error = error;
      this.#wake?.();
    });
  }

  get data(): unknown[] {
    return this.events.map(({ event }) => event?.data);
  }

  get revisions(): (bigint | undefined)[] {
    return this.events.map(({ event }) => event?.revision);
  }

  /** Waits until `isDone` holds of this inbox. */
  async until(isDone: (inbox: this) => boolean): Promise<void> {
    while (!isDone(this)) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async untilCaughtUp(): Promise<void> {
    await this.until(({ caughtUpCount }) => caughtUpCount > 0);
  }

  /** Waits until so many events have come. */
  async untilCount(count: number): Promise<void> {
    await this.until(({ events }) => events.length >= count);
  }
}

/** Waits until the subscription is confirmed. */
export async function confirmed(subscription: Emitter): Promise<void> {
  await emitted(subscription, 'confirmation');
}

/** Waits until the subscription emits `event`. */
export async function emitted(subscription: Emitter, event: string): Promise<void> {
  await new Promise<void>((resolve) => {
    subscription.on(event, () => {
      resolve();
    });
  });
}
