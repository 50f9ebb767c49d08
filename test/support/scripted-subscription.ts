import { PassThrough, Readable, Transform } from 'node:stream';
import type { AllStreamResolvedEvent, Filter, Position } from '@eventstore/db-client';
import type { EventStoreClient } from '../../modules/event-store/index.js';

/** What a server tells a subscriber, in order. */
export type Told =
  | { readonly event: AllStreamResolvedEvent }
  | { readonly checkpoint: Position }
  | { readonly caughtUp: true };

type Subscribe = NonNullable<Parameters<EventStoreClient['subscribeToAll']>[0]>;

/**
 * A catch-up subscription that tells what a test says, through the machinery of the official client: a `Transform` that
 * calls `checkpointReached` and emits `caughtUp` when it meets them, ahead of the events that are still buffered.
 */
export class ScriptedSubscription extends Transform {
  readonly options: Subscribe;
  readonly #source = new PassThrough({ objectMode: true });

  constructor(options: Subscribe) {
    super({ objectMode: true });
    this.options = options;
    this.#source.pipe(this);
  }

  tell(...told: readonly Told[]): void {
    for (const one of told) this.#source.write(one);
  }

  override _transform(told: Told, _encoding: string, done: (error: null, event?: unknown) => void) {
    if ('caughtUp' in told) this.emit('caughtUp');
    if ('checkpoint' in told) this.#checkpoint(told.checkpoint);
    done(null, 'event' in told ? told.event : undefined);
  }

  unsubscribe(): Promise<void> {
    this.destroy();
    return Promise.resolve();
  }

  #checkpoint(position: Position): void {
    const filter = this.options.filter as Filter & {
      checkpointReached?: (...args: unknown[]) => void;
    };
    filter.checkpointReached?.(this, position);
  }
}

/** A client whose subscriptions are scripted, and whose log is empty to readers. */
export function scriptedClient(): {
  readonly client: EventStoreClient;
  readonly subscriptions: readonly ScriptedSubscription[];
} {
  const subscriptions: ScriptedSubscription[] = [];
  const client = {
    subscribeToAll: (options: Subscribe) => {
      const subscription = new ScriptedSubscription(options);
      subscriptions.push(subscription);
      return subscription;
    },
    readAll: () => Readable.from([]),
  };
  return { client: client as unknown as EventStoreClient, subscriptions };
}
