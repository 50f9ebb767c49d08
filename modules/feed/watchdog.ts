import type { EventStoreClient } from '../event-store/index.js';
import type { CancelTimer, Clock } from '../kernel/index.js';
import type { FeedConnection } from './feed-connection.js';
import { SubscriptionEnded } from './feed-trouble.js';
import { endOfLog } from './log-ends.js';
import type { ObservedPosition } from './observed-position.port.js';
import { within } from './within.js';

const LOOK_EVERY_MS = 10_000;
const PATIENCE_MS = 30_000;
/** A question that is not answered within this counts as one that failed. */
const ANSWER_MS = 15_000;

export interface WatchdogDependencies {
  readonly client: Pick<EventStoreClient, 'readAll'>;
  readonly clock: Clock;
  readonly observed: ObservedPosition;
  /** Whether this instance could take a message: while it holds as many as it may, none arrives. */
  readonly hasRoom: () => boolean;
}

/**
 * Gives up a connection through which nothing arrives although the group has not answered what was in the log half a
 * minute ago: a half-open connection, whose end the network never told, or a group that is stuck.
 *
 * Nothing is asked of the event store while messages arrive. In a cluster where another instance gets everything the group
 * keeps up, which is no reason. An event store that cannot be asked is a reason like one that is behind.
 */
export class Watchdog {
  readonly #dependencies: WatchdogDependencies;
  #cancelTimer: CancelTimer = () => undefined;
  /** End of the log at a time when nothing had arrived for a while: the group has to answer that. */
  #expected: { readonly position: bigint; readonly at: number } | undefined;

  constructor(dependencies: WatchdogDependencies) {
    this.#dependencies = dependencies;
  }

  /** Watches a connection, instead of the one before. */
  watch(connection: FeedConnection): void {
    this.stop();
    this.#scheduleLook(connection);
  }

  stop(): void {
    this.#cancelTimer();
    this.#expected = undefined;
  }

  #scheduleLook(connection: FeedConnection): void {
    this.#cancelTimer = this.#dependencies.clock.setTimer(() => {
      void this.#look(connection);
    }, LOOK_EVERY_MS);
  }

  /** Never rejects. */
  async #look(connection: FeedConnection): Promise<void> {
    const isStalled = await this.#isStalled(connection);
    if (connection.hasEnded) return;
    if (isStalled) {
      const message = `nothing arrived for ${PATIENCE_MS / 1_000} s although there are events`;
      connection.giveUp(new SubscriptionEnded('stalled', message));
      return;
    }
    this.#scheduleLook(connection);
  }

  async #isStalled(connection: FeedConnection): Promise<boolean> {
    const { clock, hasRoom } = this.#dependencies;
    if (connection.silentForMs < LOOK_EVERY_MS || !hasRoom()) {
      this.#expected = undefined;
      return false;
    }
    const isBehind = await this.#isBehind();
    const now = clock.monotonic();
    return isBehind && this.#expected !== undefined && now - this.#expected.at >= PATIENCE_MS;
  }

  /** Whether the group has not answered what it is expected to; what it is expected to is told anew when it has. */
  async #isBehind(): Promise<boolean> {
    const { client, clock, observed } = this.#dependencies;
    try {
      const expected = this.#expected?.position ?? -1n;
      if (expected >= 0n && (await within(clock, ANSWER_MS, observed())) < expected) return true;
      const position = await within(clock, ANSWER_MS, endOfLog(client));
      this.#expected = { position, at: clock.monotonic() };
      return false;
    } catch {
      this.#expected ??= { position: -1n, at: clock.monotonic() };
      return true;
    }
  }
}
