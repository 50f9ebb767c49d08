import { ErrorType, type RecordedEvent, START } from '@eventstore/db-client';
import { Inject, Injectable, Logger } from '@nestjs/common';
import {
  appendCertainly,
  EVENT_STORE,
  type EventStore,
  isClientError,
  newEvents,
  STREAM_NAMES,
  StreamNames,
} from '../event-store/index.js';
import { type CancelTimer, CLOCK, type Clock } from '../kernel/index.js';
import { isSelected, RegistryDirectory, type WebhookHistory } from '../registry/index.js';
import { TENANCY_OPTIONS, type TenancyOptions, tenantOf } from '../tenancy/index.js';
import type { BackfillEvent } from './backfill.events.js';
import { SCHEDULE_HISTORY, type ScheduleHistory } from './schedule-history.port.js';

/** Records of the log that are looked at between two records of progress. */
const PAGE = 500;
/** Pause before a backfill that met an error goes on. */
const TRY_AGAIN_MS = 5_000;

interface Progress {
  /** Everything up to here is done; -1 at the beginning. */
  readonly position: bigint;
  readonly matched: number;
  readonly revision: bigint | 'no_stream';
  readonly isCompleted: boolean;
}

/**
 * Delivers the history that a webhook asked for when it was registered (`startFrom`): from there up to the position at
 * which its registration took effect, above which the feed takes over. So the two meet without gap and without overlap.
 *
 * Each event is recorded as a delivery that is due, and delivered like any other that waits: a backfill takes turns with
 * what is new. Its progress is recorded page by page, and it goes on after a restart; an event that was recorded before a
 * crash is not recorded twice, because its delivery has the same id.
 */
@Injectable()
export class Backfills {
  readonly #logger = new Logger('Backfills');
  readonly #running = new Map<string, Promise<void>>();
  readonly #completed = new Set<string>();
  #isStopped = false;
  #stopListening: (() => void) | undefined;
  #cancelTimer: CancelTimer | undefined;

  constructor(
    @Inject(EVENT_STORE) private readonly store: EventStore,
    @Inject(STREAM_NAMES) private readonly names: StreamNames,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(TENANCY_OPTIONS) private readonly tenancy: TenancyOptions,
    private readonly directory: RegistryDirectory,
    @Inject(SCHEDULE_HISTORY) private readonly schedule: ScheduleHistory,
  ) {}

  /** Takes up every history that is not delivered yet, and each that is asked for from now on. */
  start(): void {
    this.#stopListening = this.directory.onChange(() => {
      this.#takeUp();
    });
    this.#takeUp();
  }

  /** Stops after the page under way; resolves when nothing runs. */
  async close(): Promise<void> {
    this.#isStopped = true;
    this.#stopListening?.();
    this.#cancelTimer?.();
    await Promise.all(this.#running.values());
  }

  #takeUp(): void {
    if (this.#isStopped) return;
    for (const history of this.directory.histories()) {
      const stream = this.#streamOf(history);
      if (this.#completed.has(stream) || this.#running.has(stream)) continue;
      const running = this.#run(history, stream).finally(() => this.#running.delete(stream));
      this.#running.set(stream, running);
    }
  }

  #streamOf({ webhook }: WebhookHistory): string {
    return this.names.backfill(webhook.id, webhook.registration);
  }

  /** Never rejects. */
  async #run(history: WebhookHistory, stream: string): Promise<void> {
    try {
      let progress = await this.#progress(stream);
      while (!progress.isCompleted && this.#isWanted(history)) {
        progress = await this.#step(history, stream, progress);
      }
      if (progress.isCompleted) this.#completed.add(stream);
    } catch (error) {
      this.#logger.warn(`the backfill of ${history.webhook.id} is interrupted: ${String(error)}`);
      this.#cancelTimer = this.clock.setTimer(() => {
        this.#takeUp();
      }, TRY_AGAIN_MS);
    }
  }

  #isWanted({ webhook }: WebhookHistory): boolean {
    const current = this.directory.find(webhook.id);
    const isSame = current?.registration === webhook.registration && current.status !== 'removed';
    return isSame && !this.#isStopped;
  }

  async #step(history: WebhookHistory, stream: string, progress: Progress): Promise<Progress> {
    const { events, last } = await this.#page(history, progress.position);
    const wanted = events.flatMap((event) => this.#wantedOf(history, event));
    await Promise.all(wanted.map((past) => this.schedule(past)));
    const matched = progress.matched + wanted.length;
    const isCompleted = last === null;
    const event: BackfillEvent = isCompleted
      ? {
          type: 'BackfillCompleted',
          data: { v: 1, matched, at: new Date(this.clock.now()).toISOString() },
        }
      : { type: 'BackfillAdvanced', data: { v: 1, position: last.toString(), matched } };
    const outcome = await appendCertainly(stream, newEvents([event]), {
      client: this.store.client,
      clock: this.clock,
      expectedRevision: progress.revision,
    });
    // Another instance advanced it; what it did not do is done again, to no effect.
    if (outcome.kind !== 'appended') return this.#progress(stream);
    const revision = progress.revision === 'no_stream' ? 0n : progress.revision + 1n;
    return { position: last ?? progress.position, matched, revision, isCompleted };
  }

  /** The next records of the log; `last` is `null` when the registration was reached. */
  async #page(
    { startFrom, upTo }: WebhookHistory,
    after: bigint,
  ): Promise<{ readonly events: readonly RecordedEvent[]; readonly last: bigint | null }> {
    // Read from what is done, inclusive, and passed over: not every number is a position of a record.
    const from = after < 0n ? firstPosition(startFrom) : after;
    if (from > upTo) return { events: [], last: null };
    const events: RecordedEvent[] = [];
    let last: bigint | null = null;
    const read = this.store.client.readAll({
      fromPosition: from === 0n ? START : { commit: from, prepare: from },
      maxCount: PAGE,
    });
    for await (const { event, link } of read) {
      const record = link ?? event;
      const position = record?.position.commit ?? 0n;
      if (!record || position <= after) continue;
      if (position > upTo) return { events, last: null };
      last = position;
      events.push(record);
    }
    return { events, last };
  }

  #wantedOf(history: WebhookHistory, event: RecordedEvent): Parameters<ScheduleHistory>[0][] {
    const { streamId: stream, type } = event;
    if (this.names.isReserved(stream) || type.startsWith('$')) return [];
    const { startFrom, webhook } = history;
    const isTooOld =
      typeof startFrom === 'object' &&
      'time' in startFrom &&
      event.created.getTime() < Date.parse(startFrom.time);
    if (isTooOld) return [];
    const tenantId = this.#tenantOf(event);
    if (tenantId === undefined) return [];
    return isSelected(webhook.definition, { type, stream, tenantId })
      ? [{ event, tenantId, webhook }]
      : [];
  }

  /** `undefined`: whose event it is cannot be told, so it is nobody's. */
  #tenantOf(event: RecordedEvent): string | null | undefined {
    try {
      return tenantOf(event, this.tenancy);
    } catch (error) {
      this.#logger.warn(`event ${event.id} of type ${event.type} is left out: ${String(error)}`);
      return undefined;
    }
  }

  async #progress(stream: string): Promise<Progress> {
    const none = { position: -1n, matched: 0, revision: 'no_stream', isCompleted: false } as const;
    const newest = { direction: 'backwards', fromRevision: 'end', maxCount: 1 } as const;
    try {
      for await (const { event } of this.store.client.readStream(stream, newest)) {
        if (event) return progressOf(event as unknown as BackfillEvent, event.revision);
      }
      return none;
    } catch (error) {
      if (isClientError(error, ErrorType.STREAM_NOT_FOUND)) return none;
      throw error;
    }
  }
}

function firstPosition(startFrom: WebhookHistory['startFrom']): bigint {
  return typeof startFrom === 'object' && 'position' in startFrom ? BigInt(startFrom.position) : 0n;
}

function progressOf({ type, data }: BackfillEvent, revision: bigint): Progress {
  const isCompleted = type === 'BackfillCompleted';
  const position = isCompleted ? -1n : BigInt(data.position);
  return { position, matched: data.matched, revision, isCompleted };
}
