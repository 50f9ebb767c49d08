import { type EventStoreClient, type HeldLease, readLogPage } from '../event-store/index.js';
import type { ObservedPosition } from '../feed/index.js';
import { type Clock, pause } from '../kernel/index.js';
import type { Audit } from './audit.js';
import { withRest } from './with-rest.js';
import type { AuditCheckpoint, UnresolvedStretch } from './reconciler.events.js';
import type { ReconcilerOptions } from './reconciler.options.js';
import { joined } from './unresolved-stretches.js';

/** While there is more to audit, the checkpoint is recorded this often. */
const RECORD_EVERY_MS = 5_000;
/** So many records without an event of the application are worth a checkpoint: they would have to be read again. */
const RECORDS_WORTH_A_CHECKPOINT = 10_000;
const FIRST_RETRY_MS = 60_000;
const LONGEST_RETRY_MS = 3_600_000;

export interface AuditorDependencies {
  readonly client: Pick<EventStoreClient, 'readAll'>;
  readonly clock: Clock;
  readonly observed: ObservedPosition;
  readonly endOfLog: () => Promise<bigint>;
  readonly audit: Audit;
  readonly options: ReconcilerOptions;
  readonly lease: HeldLease<AuditCheckpoint>;
  readonly start: AuditCheckpoint;
}

/**
 * Moves the audited position, under the lease.
 *
 * The pages come from behind the observed position as it was a round ago: the consumer group has answered them, and
 * whoever answered has been left the time to be done. The end of the log is read after that, so a read model that has come
 * so far knows every delivery that the feed recorded of them.
 *
 * On an idle system nothing is recorded: a checkpoint is an event too, and so is what else Posthorn writes.
 */
export class Auditor {
  readonly #dependencies: AuditorDependencies;
  #checkpoint: AuditCheckpoint;
  #observed = -1n;
  #reconciled = 0;
  #hasNews = false;
  #recordsSince = 0;
  #recordedAt: number;
  /** When the unresolved stretches are looked at again. A new holder of the lease does so at once. */
  #retryAt: number;
  #retryPauseMs = FIRST_RETRY_MS;

  constructor(dependencies: AuditorDependencies) {
    this.#dependencies = dependencies;
    this.#checkpoint = dependencies.start;
    this.#recordedAt = dependencies.clock.monotonic();
    this.#retryAt = this.#recordedAt;
  }

  /** What is known now; what was recorded of it may be less. */
  get checkpoint(): AuditCheckpoint {
    return this.#checkpoint;
  }

  /** Position up to which it audits in this round. */
  get target(): bigint {
    return this.#observed;
  }

  /** Deliveries that were missing, and were recorded. */
  get reconciled(): number {
    return this.#reconciled;
  }

  /** Audits what has been observed by now, and tries again what is unresolved. @throws what the event store throws */
  async round(signal: AbortSignal): Promise<void> {
    const { clock, observed, options } = this.#dependencies;
    this.#observed = await observed();
    await pause(clock, options.roundMs, signal);
    if (signal.aborted) return;
    await this.#auditUpTo(this.#observed, signal);
    if (clock.monotonic() >= this.#retryAt) await this.#retry(signal);
    if (this.#hasNews || this.#recordsSince >= RECORDS_WORTH_A_CHECKPOINT) await this.#record();
  }

  async #auditUpTo(target: bigint, signal: AbortSignal): Promise<void> {
    const { clock, endOfLog } = this.#dependencies;
    if (target <= this.#position) return;
    const end = await endOfLog();
    for (let isEnd = false; !isEnd && !signal.aborted;) {
      isEnd = await withRest(clock, signal, () => this.#auditNextPage(target, end));
      if (!isEnd && this.#isTimeToRecord) await this.#record();
    }
  }

  /** @returns whether there is no more to be read now */
  async #auditNextPage(target: bigint, end: bigint): Promise<boolean> {
    const { audit, client, options } = this.#dependencies;
    const page = await readLogPage(client, {
      from: BigInt(this.#checkpoint.from),
      after: this.#position,
      upTo: target,
      limit: options.pageSize,
    });
    const found = await audit.page(page.events, end);
    this.#recordsSince += page.events.length;
    this.#hasNews ||= found.events > 0;
    this.#reconciled += found.reconciled;
    const { unresolved } = this.#checkpoint;
    if (unresolved.length === 0 && found.unresolved.length > 0) this.#retryIn(FIRST_RETRY_MS);
    this.#checkpoint = {
      ...this.#checkpoint,
      position: page.last.toString(),
      recordedUpTo: max(this.#checkpoint.recordedUpTo, found.recordedUpTo),
      unresolved: joined([...unresolved, ...found.unresolved]),
    };
    // A node that shows less than its leader shows nothing: later.
    return page.isEnd || page.events.length === 0;
  }

  /** Looks through the unresolved stretches again; what is still unresolved in them takes their place. */
  async #retry(signal: AbortSignal): Promise<void> {
    const { unresolved } = this.#checkpoint;
    const left: UnresolvedStretch[] = [];
    for (const [index, stretch] of unresolved.entries()) {
      const again = signal.aborted ? undefined : await this.#lookThrough(stretch, signal);
      if (!again) {
        left.push(...unresolved.slice(index));
        break;
      }
      left.push(...again);
    }
    this.#settleRetry(left);
  }

  /** @returns `undefined` when it was interrupted: what is left of the stretch is not known */
  async #lookThrough(
    { from, since, upTo }: UnresolvedStretch,
    signal: AbortSignal,
  ): Promise<readonly UnresolvedStretch[] | undefined> {
    const { audit, client, clock, endOfLog, options } = this.#dependencies;
    const end = await endOfLog();
    const first = BigInt(from);
    const found: UnresolvedStretch[] = [];
    for (let after = first - 1n, isEnd = false; !isEnd;) {
      if (signal.aborted) return undefined;
      isEnd = await withRest(clock, signal, async () => {
        const range = { from: first, after, upTo: BigInt(upTo), limit: options.pageSize };
        const page = await readLogPage(client, range);
        const audited = await audit.page(page.events, end);
        found.push(...audited.unresolved.map((stretch) => ({ ...stretch, since })));
        this.#reconciled += audited.reconciled;
        const recordedUpTo = max(this.#checkpoint.recordedUpTo, audited.recordedUpTo);
        this.#checkpoint = { ...this.#checkpoint, recordedUpTo };
        after = page.last;
        return page.isEnd || page.events.length === 0;
      });
    }
    return found;
  }

  #settleRetry(left: readonly UnresolvedStretch[]): void {
    const { unresolved } = this.#checkpoint;
    const stretches = joined(left);
    const isChanged = JSON.stringify(stretches) !== JSON.stringify(unresolved);
    this.#retryIn(isChanged ? FIRST_RETRY_MS : Math.min(this.#retryPauseMs * 2, LONGEST_RETRY_MS));
    if (!isChanged) return;
    this.#checkpoint = { ...this.#checkpoint, unresolved: stretches };
    this.#hasNews = true;
  }

  #retryIn(pauseMs: number): void {
    this.#retryPauseMs = pauseMs;
    this.#retryAt = this.#dependencies.clock.monotonic() + pauseMs;
  }

  get #position(): bigint {
    return BigInt(this.#checkpoint.position);
  }

  get #isTimeToRecord(): boolean {
    const { clock } = this.#dependencies;
    return this.#hasNews && clock.monotonic() - this.#recordedAt >= RECORD_EVERY_MS;
  }

  async #record(): Promise<void> {
    const { clock, lease } = this.#dependencies;
    if (!(await lease.advance(this.#checkpoint))) return;
    this.#hasNews = false;
    this.#recordsSince = 0;
    this.#recordedAt = clock.monotonic();
  }
}

function max(text: string, position: bigint): string {
  return position > BigInt(text) ? position.toString() : text;
}
