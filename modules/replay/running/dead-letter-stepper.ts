import type { EventStoreClient, StreamNames } from '../../event-store/index.js';
import { type ErrorCode, isPosthornError } from '../../kernel/index.js';
import type { DeadLetters } from '../dead-letters.port.js';
import type { PastDeliveries } from '../past-deliveries.port.js';
import type { DeadLettersScope } from '../replay.events.js';
import { NO_COUNTS, type ReplayRecord } from '../replay-record.events.js';
import { atMost } from './bounded-work.js';
import {
  type ReplayProgress,
  type ReplayStep,
  type ReplayStepper,
  tally,
} from './replay-progress.js';

/** Dead letters that one step asks for. */
const PAGE = 100;
const AT_ONCE = 64;

/** What refuses one dead letter, and stops no other. */
const REFUSALS: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'PSH_DELIVERY_NOT_FOUND',
  'PSH_DELIVERY_NOT_REPLAYABLE',
  'PSH_DELIVERY_WEBHOOK_REMOVED',
  'PSH_DELIVERY_PURGED',
]);

export interface DeadLetterStepperOptions {
  readonly client: Pick<EventStoreClient, 'readStream'>;
  readonly names: StreamNames;
  readonly replay: ReplayRecord;
  readonly scope: DeadLettersScope;
  readonly deadLetters: DeadLetters;
  readonly deliveries: Pick<PastDeliveries, 'replayDeadLetter'>;
}

/**
 * Asks for dead letters again, in the order of their ids: each once, also one that dies again.
 *
 * Guarantee: each that died before the replay was recorded is among them, whichever instance runs it and however far behind
 * its read model is.
 */
export class DeadLetterStepper implements ReplayStepper {
  readonly #options: DeadLetterStepperOptions;
  /** Where the replay was recorded in the log. */
  #startedAt: bigint | undefined;

  constructor(options: DeadLetterStepperOptions) {
    this.#options = options;
  }

  async step({ cursor }: ReplayProgress, limit: number): Promise<ReplayStep> {
    const most = Math.min(limit, PAGE);
    const ids = await this.#page(most, cursor);
    if (ids === null) return { cursor: null, counts: NO_COUNTS, isEnd: false, mustWait: true };
    const answers = await atMost(AT_ONCE, ids, (id) => this.#replay(id));
    return {
      cursor: ids.at(-1) ?? null,
      counts: { ...tally(answers), examined: ids.length },
      isEnd: ids.length < most,
      mustWait: false,
    };
  }

  /** @returns `null` while the read model is behind the replay */
  async #page(limit: number, afterId: string | null): Promise<readonly string[] | null> {
    const { deadLetters, scope } = this.#options;
    this.#startedAt ??= await this.#start();
    try {
      return await deadLetters.page({
        filter: scope.filter,
        limit,
        minPosition: this.#startedAt,
        ...(afterId !== null && { afterId }),
      });
    } catch (error) {
      if (isPosthornError(error) && error.code === 'PSH_PROJECTION_LAGGING') return null;
      throw error;
    }
  }

  async #start(): Promise<bigint> {
    const { client, names, replay } = this.#options;
    for await (const { event } of client.readStream(names.replay(replay.replayId), {
      maxCount: 1,
    })) {
      if (event?.position) return event.position.commit;
    }
    return -1n;
  }

  async #replay(deliveryId: string): Promise<'replayed' | 'refused'> {
    const { deliveries, replay } = this.#options;
    const { reason, replayId, requestedBy } = replay;
    try {
      const request = { deliveryId, replayId, requestedBy, reason };
      return (await deliveries.replayDeadLetter(request)) ? 'replayed' : 'refused';
    } catch (error) {
      if (isPosthornError(error) && REFUSALS.has(error.code)) return 'refused';
      throw error;
    }
  }
}
