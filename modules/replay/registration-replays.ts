import { BACKWARDS, END, ErrorType } from '@eventstore/db-client';
import { type EventStoreClient, isClientError, type StreamNames } from '../event-store/index.js';
import { type Clock, digestOf } from '../kernel/index.js';
import type { RegistryDirectory, WebhookEvent, WebhookHistory } from '../registry/index.js';
import { isReadableFrom, positionBefore } from './reading/log-places.js';
import type { EarlierProgress } from './replay.aggregate.js';
import type { BackfillEvent, HistoryScope, ReplaySelection } from './replay.events.js';
import type { ReplayIndex } from './replay-index.port.js';
import type { ReplayJournal } from './replay-journal.js';
import { selectionOf } from './replay-request.js';
import { NO_COUNTS } from './replay-record.events.js';
import { BY_ITSELF } from './replay-rules.js';

export interface RegistrationReplaysDependencies {
  readonly client: Pick<EventStoreClient, 'readAll' | 'readStream'>;
  readonly names: StreamNames;
  readonly clock: Clock;
  readonly directory: Pick<RegistryDirectory, 'histories'>;
  readonly index: Pick<ReplayIndex, 'unknown'>;
  readonly journal: ReplayJournal;
}

/** The id of the replay that a registration with `startFrom` is. */
export function registrationReplayId(webhookId: string, registration: number): string {
  return `rpl_${digestOf(['registration', webhookId, registration]).slice(0, 32)}`;
}

/**
 * Starts the replay of each history that a webhook asked for when it was registered (`startFrom`): from there up to the
 * position at which the registration took effect, above which the feed takes over. So the two meet without gap and
 * without overlap.
 *
 * The id of such a replay is made of the webhook and its registration, so however many instances start it, it is one.
 */
export class RegistrationReplays {
  readonly #dependencies: RegistrationReplaysDependencies;
  readonly #known = new Set<string>();

  constructor(dependencies: RegistrationReplaysDependencies) {
    this.#dependencies = dependencies;
  }

  /** @returns ids of the replays that were started @throws what the event store refuses */
  async startMissing(): Promise<readonly string[]> {
    const { directory, index } = this.#dependencies;
    const histories = new Map<string, WebhookHistory>();
    for (const history of directory.histories()) {
      const id = registrationReplayId(history.webhook.id, history.webhook.registration);
      if (!this.#known.has(id)) histories.set(id, history);
    }
    if (histories.size === 0) return [];
    const missing = new Set(await index.unknown([...histories.keys()]));
    for (const [id, history] of histories) {
      if (missing.has(id)) await this.#start(id, history);
      this.#known.add(id);
    }
    return [...missing];
  }

  async #start(replayId: string, history: WebhookHistory): Promise<void> {
    const { clock, journal } = this.#dependencies;
    const { webhook } = history;
    const earlier = await this.#earlierProgress(history);
    const scope: HistoryScope = {
      kind: 'history',
      cause: 'registration',
      webhookId: webhook.id,
      registration: webhook.registration,
      mode: 'missing',
      from: history.startFrom,
      to: null,
      source: null,
      eventTypes: null,
      range: { from: (await this.#firstPosition(history)).toString(), to: history.upTo.toString() },
      selection: await this.#selection(history),
    };
    await journal.record(
      replayId,
      {
        kind: 'start',
        replayId,
        scope,
        perSecond: null,
        by: BY_ITSELF,
        reason: 'asked for by the registration of the webhook',
        now: clock.now(),
        ...(earlier && { earlier }),
      },
      { from: { replay: undefined, revision: 'no_stream' } },
    );
  }

  async #firstPosition({ startFrom, upTo }: WebhookHistory): Promise<bigint> {
    const { client, names } = this.#dependencies;
    if (startFrom === 'beginning') return 0n;
    if ('time' in startFrom) return positionBefore(client, names.feed, Date.parse(startFrom.time));
    const position = BigInt(startFrom.position);
    // One that is not of a record cannot be read from: what is before it is passed over.
    return position > upTo || (await isReadableFrom(client, position)) ? position : 0n;
  }

  /** What the webhook asked for when it was registered, whatever it was changed to since. */
  async #selection({ webhook }: WebhookHistory): Promise<ReplaySelection> {
    const { client, names } = this.#dependencies;
    let selection = selectionOf(webhook.definition);
    for await (const { event } of client.readStream(names.webhook(webhook.id))) {
      const recorded = event as unknown as WebhookEvent | undefined;
      if (recorded?.type !== 'WebhookRegistered') continue;
      const { definition, registration } = recorded.data;
      if (registration === webhook.registration) selection = selectionOf(definition);
    }
    return selection;
  }

  /** How far the history was taken by a version that knew no replays of it. */
  async #earlierProgress({ upTo, webhook }: WebhookHistory): Promise<EarlierProgress | undefined> {
    const { client, names } = this.#dependencies;
    let last: BackfillEvent | undefined;
    try {
      const read = client.readStream(names.backfill(webhook.id, webhook.registration), {
        direction: BACKWARDS,
        fromRevision: END,
        maxCount: 1,
      });
      for await (const { event } of read) last = event as unknown as BackfillEvent | undefined;
    } catch (error) {
      if (!isClientError(error, ErrorType.STREAM_NOT_FOUND)) throw error;
    }
    if (!last) return undefined;
    const { matched } = last.data;
    const counts = { ...NO_COUNTS, matched, scheduled: matched };
    return last.type === 'BackfillCompleted'
      ? { cursor: upTo.toString(), isCompleted: true, counts }
      : { cursor: last.data.position, isCompleted: false, counts };
  }
}
