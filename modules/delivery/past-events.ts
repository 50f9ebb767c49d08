import { type Clock, isPosthornError } from '../kernel/index.js';
import type { WebhookDirectory } from '../registry/index.js';
import type { DeliveryCommand } from './delivery.aggregate.js';
import { type DeliveryState, isOpen } from './delivery-state.js';
import type { DeliveryStatus } from './delivery.events.js';
import type { DeliveryJournal } from './delivery-journal.js';
import { orderOf, originOf, type PastEvent } from './dispatcher.js';

export interface PastEventsDependencies {
  readonly journal: DeliveryJournal;
  readonly clock: Clock;
  readonly instanceId: string;
  readonly directory: Pick<WebhookDirectory, 'find' | 'missingCode'>;
}

/** An event of the past that a replay of history asks for. */
export interface HistoryReplay extends PastEvent {
  /** `missing`: what has no delivery, or did not succeed. `all`: what succeeded too, in a new run. */
  readonly mode: 'missing' | 'all';
  readonly replayId: string;
  readonly requestedBy: string;
  readonly reason: string | null;
}

/** What a replay of history did about one event. */
export type HistoryReplayAnswer =
  /** There was no delivery: it is recorded now, and due. */
  | 'scheduled'
  /** Its delivery had ended: a new run is recorded, and due. */
  | 'replayed'
  /** Its delivery has not ended: left alone. */
  | 'open'
  /** Its delivery succeeded: left alone. */
  | 'succeeded'
  /** Its delivery was purged: it was recorded once, and what became of it is no longer known. Left alone. */
  | 'purged';

type SchedulingCommand = Extract<DeliveryCommand, { kind: 'schedule' }>;

const NOT_SUCCEEDED: readonly DeliveryStatus[] = ['dead-lettered', 'discarded'];
const ENDED: readonly DeliveryStatus[] = [...NOT_SUCCEEDED, 'succeeded'];

/** Takes events of the past to their deliveries: what replays of history stand on. */
export class PastEvents {
  readonly #dependencies: PastEventsDependencies;

  constructor(dependencies: PastEventsDependencies) {
    this.#dependencies = dependencies;
  }

  /** Records a delivery of the event, due now, unless it is recorded already or was purged. */
  async schedule(past: PastEvent & { readonly replayId?: string }): Promise<void> {
    await this.#record(this.#scheduling(past));
  }

  /**
   * Records a delivery that nobody brought about though its event is a member of the webhook, due now.
   *
   * @returns the position at which it is recorded; `null` when it is recorded already or was purged
   */
  reconcile(past: PastEvent): Promise<bigint | null> {
    return this.#record({ ...this.#scheduling(past), reason: 'reconciled' });
  }

  /**
   * Sends an event of the past again, or for the first time. Whoever asks twice with the same `replayId` asks once: a
   * replay that is resumed opens no second run, and none for what it scheduled itself.
   *
   * @returns what was done; for what this replay had asked for before, what was done then (`replayed` for a delivery that
   * it scheduled and that was replayed by somebody since)
   */
  async replay(request: HistoryReplay): Promise<HistoryReplayAnswer> {
    try {
      return await this.#replay(request);
    } catch (error) {
      if (isPosthornError(error, 'PSH_DELIVERY_PURGED')) return 'purged';
      throw error;
    }
  }

  async #record(command: SchedulingCommand): Promise<bigint | null> {
    try {
      const { journal } = this.#dependencies;
      return (await journal.record(command.origin.deliveryId, command)).position;
    } catch (error) {
      if (isPosthornError(error, 'PSH_DELIVERY_PURGED')) return null;
      throw error;
    }
  }

  async #replay(request: HistoryReplay): Promise<HistoryReplayAnswer> {
    const { clock, directory, instanceId, journal } = this.#dependencies;
    const { mode, reason, replayId, requestedBy } = request;
    const scheduling = this.#scheduling(request);
    const { deliveryId } = scheduling.origin;
    let known = await journal.load(deliveryId);
    if (known.state.status === 'none') {
      const scheduled = await journal.record(deliveryId, scheduling, known);
      if (scheduled.events.length > 0) return 'scheduled';
      known = scheduled.after; // somebody else was quicker
    }
    const now = clock.now();
    const { after, events } = await journal.record(
      deliveryId,
      {
        kind: 'request-replay',
        dueAt: now,
        now,
        owner: instanceId,
        requestedBy,
        reason,
        replayId,
        ...needsOf(directory, request.webhook.id),
        onlyIf: mode === 'all' ? ENDED : NOT_SUCCEEDED,
      },
      known,
    );
    return events.length > 0 ? 'replayed' : answerOf(after.state, replayId);
  }

  #scheduling(past: PastEvent & { readonly replayId?: string }): SchedulingCommand {
    const { clock, directory, instanceId } = this.#dependencies;
    return {
      kind: 'schedule',
      origin: originOf(past, { ...past.webhook, ...this.#orderOf(past.webhook) }),
      reason: 'history',
      now: clock.now(),
      owner: instanceId,
      ...needsOf(directory, past.webhook.id),
      ...(past.replayId === undefined ? {} : { replayId: past.replayId }),
    };
  }

  #orderOf({ id, registration }: PastEvent['webhook']): ReturnType<typeof orderOf> {
    const webhook = this.#dependencies.directory.find(id);
    return orderOf(webhook?.registration === registration ? webhook : undefined);
  }
}

function answerOf(state: DeliveryState, replayId: string): HistoryReplayAnswer {
  if (state.replayIds.includes(replayId)) return state.run === 1 ? 'scheduled' : 'replayed';
  return isOpen(state) ? 'open' : 'succeeded';
}

/** What a command says of code that this instance would need for the next attempt, and does not hold. */
export function needsOf(
  directory: Pick<WebhookDirectory, 'find' | 'missingCode'>,
  webhookId: string,
): { readonly needs?: string } {
  const webhook = directory.find(webhookId);
  const needs = webhook && directory.missingCode(webhook);
  return needs ? { needs } : {};
}
