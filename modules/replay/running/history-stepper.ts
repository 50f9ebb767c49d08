import type { RecordedEvent } from '@eventstore/db-client';
import { Logger } from '@nestjs/common';
import type { ObservedPosition } from '../../feed/index.js';
import { type SourceEvent, sourceEventOf, type Webhook } from '../../registry/index.js';
import type { PastDeliveries, PastEventAnswer } from '../past-deliveries.port.js';
import type { HistorySelection, SelectionAnswer } from '../reading/history-selection.js';
import type { HistorySource } from '../reading/history-source.js';
import type { HistoryScope } from '../replay.events.js';
import type { ReplayRecord } from '../replay-record.events.js';
import { atMost } from './bounded-work.js';
import {
  type ReplayProgress,
  type ReplayStep,
  type ReplayStepper,
  tally,
} from './replay-progress.js';

/** Records that one step reads, and so the most that it takes to their deliveries. */
export const PAGE = 500;
/** Deliveries that are recorded at once: few enough to leave room for what is new. */
const AT_ONCE = 64;

export interface HistoryStepperOptions {
  readonly replay: ReplayRecord;
  readonly scope: HistoryScope;
  readonly source: HistorySource;
  readonly selection: HistorySelection;
  readonly deliveries: PastDeliveries;
  readonly observed: ObservedPosition;
  /** Position at which the registration took effect: what lies up to there, the feed never handles for this webhook. */
  readonly registeredAt: bigint;
  /** The webhook as it is now. */
  readonly webhook: () => Webhook | undefined;
  /** Whether the filter of the webhook, as it is now, wants an event. */
  readonly isWanted: (webhook: Webhook, event: SourceEvent) => boolean;
}

const OTHER: SelectionAnswer = { kind: 'other' };

interface Chosen {
  readonly event: RecordedEvent;
  readonly tenantId: string | null;
}

/** What of a page is to be done now. */
interface Choice {
  readonly chosen: readonly Chosen[];
  readonly last: bigint;
  readonly examined: number;
  readonly unreadable: number;
  readonly isEnd: boolean;
  readonly mustWait: boolean;
}

/**
 * Takes events of the log to their deliveries.
 *
 * Guarantee: an event that an instance may still be taking to this webhook as a new one is not touched. So it is not sent
 * twice, by the feed and by the replay, and what the feed has not done, the replay does.
 */
export class HistoryStepper implements ReplayStepper {
  readonly #logger = new Logger('Replays');
  readonly #options: HistoryStepperOptions;
  #observed = -1n;
  #hasPassedOver = false;

  constructor(options: HistoryStepperOptions) {
    this.#options = options;
  }

  async step({ cursor }: ReplayProgress, limit: number): Promise<ReplayStep> {
    const { source } = this.#options;
    const after = cursor === null ? -1n : BigInt(cursor);
    const page = await source.page(after, PAGE);
    const choice = await this.#choose(page.events, limit);
    const isWhole = choice.last === (page.events.at(-1)?.position?.commit ?? -1n);
    const last = isWhole || choice.isEnd ? page.last : choice.last;
    const answers = await this.#deliverAll(choice.chosen);
    const { examined, mustWait, unreadable } = choice;
    return {
      cursor: last > after ? last.toString() : null,
      counts: { ...tally(answers), examined, unreadable },
      isEnd: choice.isEnd || (isWhole && page.isEnd),
      mustWait,
    };
  }

  /** The first of the page, up to what is too much, or too early. */
  async #choose(events: readonly RecordedEvent[], limit: number): Promise<Choice> {
    const { selection } = this.#options;
    const webhook = this.#options.webhook();
    const isObserved = this.#observer();
    const chosen: Chosen[] = [];
    let [last, examined, unreadable] = [-1n, 0, 0];
    const choice = (end: Partial<Choice> = {}): Choice => ({
      ...{ chosen, last, examined, unreadable, isEnd: false, mustWait: false },
      ...end,
    });
    for (const event of events) {
      if (selection.isBeyond(event)) return choice({ isEnd: true });
      const position = event.position?.commit ?? 0n;
      const answer = webhook ? this.#select(event, webhook) : OTHER;
      if (answer.kind === 'selected') {
        if (chosen.length >= limit) return choice();
        if (!(await isObserved(position))) return choice({ mustWait: true });
        chosen.push({ event, tenantId: answer.tenantId });
      } else if (answer.kind === 'unreadable') {
        unreadable += 1;
        this.#passOver(event, answer.error);
      }
      last = position;
      examined += 1;
    }
    return choice();
  }

  #select(event: RecordedEvent, webhook: Webhook): SelectionAnswer {
    const { isWanted, selection } = this.#options;
    const answer = selection.select(event, webhook.definition);
    if (answer.kind !== 'selected' || !webhook.definition.filter) return answer;
    return isWanted(webhook, sourceEventOf(event, answer.tenantId)) ? answer : OTHER;
  }

  /** Asks how far the feed is, once for a page and only if need be. */
  #observer(): (position: bigint) => Promise<boolean> {
    const { observed, registeredAt, scope } = this.#options;
    let isAsked = false;
    return async (position) => {
      if (scope.cause === 'registration' || position <= registeredAt) return true;
      if (position > this.#observed && !isAsked) {
        isAsked = true;
        this.#observed = await observed();
      }
      return position <= this.#observed;
    };
  }

  /**
   * Where the webhook keeps the order of streams, its deliveries are recorded in that order: one that is recorded finds
   * those before it recorded too, whether it is a member of the webhook or asked for by this replay alone.
   */
  async #deliverAll(chosen: readonly Chosen[]): Promise<readonly PastEventAnswer[]> {
    const isInOrder = this.#options.webhook()?.definition.ordering !== undefined;
    if (!isInOrder) return atMost(AT_ONCE, chosen, (one) => this.#deliver(one));
    const streams = new Map<string, Chosen[]>();
    for (const one of chosen) {
      const { streamId } = one.event;
      const stream = streams.get(streamId);
      if (stream) stream.push(one);
      else streams.set(streamId, [one]);
    }
    const answers = await atMost(AT_ONCE, [...streams.values()], async (stream) => {
      const inTurn: PastEventAnswer[] = [];
      for (const one of stream) inTurn.push(await this.#deliver(one));
      return inTurn;
    });
    return answers.flat();
  }

  async #deliver({ event, tenantId }: Chosen): Promise<PastEventAnswer> {
    const { deliveries, replay, scope } = this.#options;
    const { registration, webhookId } = scope;
    const past = { event, tenantId, webhook: { id: webhookId, registration } };
    if (scope.cause === 'registration') {
      // To the receiver this is no replay: it has never seen the event.
      await deliveries.schedule(past);
      return 'scheduled';
    }
    const { reason, replayId, requestedBy } = replay;
    return deliveries.replay({ ...past, mode: scope.mode, replayId, requestedBy, reason });
  }

  #passOver(event: RecordedEvent, error: unknown): void {
    if (this.#hasPassedOver) return;
    this.#hasPassedOver = true;
    const { replayId } = this.#options.replay;
    this.#logger.warn(
      `replay ${replayId} leaves out event ${event.id} of type ${event.type}, and counts others like it: ${String(error)}`,
    );
  }
}
