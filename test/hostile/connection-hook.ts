import { subscribe, unsubscribe } from 'node:diagnostics_channel';

const CHANNEL = 'net.client.socket';

/** Counts every TCP connection that anything in this process begins, as Node itself reports it. */
export class ConnectionHook {
  count = 0;

  constructor() {
    subscribe(CHANNEL, this.#onConnect);
  }

  close(): void {
    unsubscribe(CHANNEL, this.#onConnect);
  }

  readonly #onConnect = (): void => {
    this.count += 1;
  };
}
