import type { ReplayIndex } from '../replay-index.port.js';

/** Deliveries of one webhook that may wait: what more is asked for stays in the log, where it waits without cost. */
export const MOST_WAITING = 1_000;
/** Less than this is no room: a replay goes on in pieces that are worth a read. */
const LEAST_ROOM = MOST_WAITING / 4;

/** What was sent up to a place in the log. */
interface Mark {
  readonly position: bigint;
  readonly sent: number;
}

/**
 * How many more deliveries of a webhook may be made to wait.
 *
 * The index that counts those that wait lags behind the log. So what was sent counts as waiting until the index has
 * passed a record that was made after it.
 */
export class Room {
  readonly #index: Pick<ReplayIndex, 'backlog'>;
  readonly #webhookId: string;
  readonly #marks: Mark[] = [];
  #sent = 0;
  #seen = 0;

  constructor(index: Pick<ReplayIndex, 'backlog'>, webhookId: string) {
    this.#index = index;
    this.#webhookId = webhookId;
  }

  /** So many were sent. */
  spend(count: number): void {
    this.#sent += count;
  }

  /** Something was recorded at `position`, after all that was sent. */
  recordedAt(position: bigint): void {
    this.#marks.push({ position, sent: this.#sent });
  }

  /** How many may be sent now; 0 when it is not worth it. @throws what the index throws */
  async free(): Promise<number> {
    const { position, waiting } = await this.#index.backlog({
      webhookId: this.#webhookId,
      atMost: MOST_WAITING,
    });
    for (let mark = this.#marks[0]; mark && mark.position <= position; mark = this.#marks[0]) {
      this.#seen = mark.sent;
      this.#marks.shift();
    }
    const free = MOST_WAITING - waiting - (this.#sent - this.#seen);
    return free < LEAST_ROOM ? 0 : free;
  }
}
