import { type ErrorCode, isPosthornError } from '../../kernel/index.js';
import type { DeadLetters } from '../dead-letters.port.js';
import type { PastDeliveries } from '../past-deliveries.port.js';
import type { DeadLettersScope } from '../replay.events.js';
import type { ReplayRecord } from '../replay-record.events.js';
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
  readonly replay: ReplayRecord;
  readonly scope: DeadLettersScope;
  readonly deadLetters: DeadLetters;
  readonly deliveries: Pick<PastDeliveries, 'replayDeadLetter'>;
}

/** Asks for dead letters again, in the order of their ids: each once, also one that dies again. */
export class DeadLetterStepper implements ReplayStepper {
  readonly #options: DeadLetterStepperOptions;

  constructor(options: DeadLetterStepperOptions) {
    this.#options = options;
  }

  async step({ cursor }: ReplayProgress, limit: number): Promise<ReplayStep> {
    const { deadLetters, scope } = this.#options;
    const most = Math.min(limit, PAGE);
    const ids = await deadLetters.page({
      filter: scope.filter,
      limit: most,
      ...(cursor !== null && { afterId: cursor }),
    });
    const answers = await atMost(AT_ONCE, ids, (id) => this.#replay(id));
    return {
      cursor: ids.at(-1) ?? null,
      counts: { ...tally(answers), examined: ids.length },
      isEnd: ids.length < most,
      mustWait: false,
    };
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
