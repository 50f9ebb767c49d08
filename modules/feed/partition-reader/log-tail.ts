import {
  type AllStreamRecordedEvent,
  type AllStreamResolvedEvent,
  type AllStreamSubscription,
  type Position,
  START,
} from '@eventstore/db-client';
import type { EventStoreClient } from '../../event-store/index.js';
import type { CancelTimer, Clock } from '../../kernel/index.js';

export interface LogTailOptions {
  readonly client: Pick<EventStoreClient, 'subscribeToAll'>;
  readonly clock: Clock;
  /** Records above this position are handed over; -1: all. */
  readonly after: bigint;
  /** See `LogReadingOptions`. */
  readonly silenceMs: number | null;
  readonly onRecord: (record: AllStreamRecordedEvent) => void;
  readonly onCaughtUp: () => void;
  /** Told once, when it hands over nothing more without having been closed. */
  readonly onBroken: (error: Error) => void;
}

/** The subscription at the end of the log, for its life. */
export class LogTail {
  readonly #options: LogTailOptions;
  readonly #subscription: AllStreamSubscription;
  #position: bigint;
  #heardAt: number;
  #isOpen = true;
  #cancelWatch: CancelTimer = () => undefined;

  constructor(options: LogTailOptions) {
    this.#options = options;
    this.#position = options.after;
    this.#heardAt = options.clock.monotonic();
    this.#subscription = options.client.subscribeToAll({ fromPosition: placeAfter(options.after) });
    this.#subscription.on('data', (resolved: AllStreamResolvedEvent) => {
      this.#receive(resolved);
    });
    this.#subscription.on('caughtUp', () => {
      if (this.#isOpen) options.onCaughtUp();
    });
    this.#subscription.on('error', (error: Error) => {
      this.#break(error);
    });
    for (const event of ['end', 'close']) {
      this.#subscription.on(event, () => {
        this.#break(new Error('the subscription ended'));
      });
    }
    this.#watch();
  }

  /** The last record that it handed over; at first, where it began. */
  get position(): bigint {
    return this.#position;
  }

  close(): void {
    this.#stop();
    this.#subscription.unsubscribe().catch(() => undefined); // it may be gone already
  }

  #receive(resolved: AllStreamResolvedEvent): void {
    const record = resolved.link ?? resolved.event;
    if (!this.#isOpen || !record) return;
    this.#heardAt = this.#options.clock.monotonic();
    this.#options.onRecord(record);
    this.#position = record.position.commit;
  }

  #break(error: Error): void {
    if (!this.#isOpen) return;
    this.#stop();
    this.#subscription.destroy();
    this.#options.onBroken(error);
  }

  #stop(): void {
    this.#isOpen = false;
    this.#cancelWatch();
  }

  #watch(): void {
    const { clock, silenceMs } = this.#options;
    if (silenceMs === null) return;
    const silentAt = this.#heardAt + silenceMs;
    this.#cancelWatch = clock.setTimer(() => {
      const isSilent = clock.monotonic() - this.#heardAt >= silenceMs;
      if (isSilent) this.#break(new Error('the subscription fell silent'));
      else this.#watch();
    }, silentAt - clock.monotonic());
  }
}

/** Where a read begins that is to go on after `position`: reads give the record there once more, subscriptions do not. */
export function placeAfter(position: bigint): Position | typeof START {
  return position < 0n ? START : { commit: position, prepare: position };
}
