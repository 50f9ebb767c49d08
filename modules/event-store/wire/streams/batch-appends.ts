import type { ExpectedRevision } from '../../embedded/event-log.js';
import { isUuid } from '../../embedded/uuid-bytes.js';
import type { Caller } from '../access/caller.js';
import { invalidArgument } from '../errors/call-status.js';
import type { WireContext } from '../rpc.js';
import type { AppendDeadline, AppendOptions } from './append-options.js';
import { checkTarget } from './append-target.js';
import type { BatchAppendRequest } from './batch-append-request.js';
import {
  type AppendAddress,
  batchFailure,
  batchSuccess,
  batchTooLate,
} from './batch-append-response.js';
import { toExpectedRevision } from './expected-revision.js';
import { PendingAppends } from './pending-appends.js';
import { ProposedEvents } from './proposed-events.js';

/** How long the chunks of one append may take to arrive, if its deadline is not earlier. */
const WRITE_TIMEOUT_MS = 2_000;

/** An append that was begun and is not answered. */
interface Pending extends AppendAddress {
  readonly correlationId: string;
  readonly expected: ExpectedRevision;
  readonly proposed: ProposedEvents;
  /** Whether the caller may write the stream, where that has to be looked up. */
  readonly access: Promise<void> | undefined;
  /** On the monotonic clock; `Infinity` when there is none. */
  readonly deadlineMs: number;
  /** When it is given up: at its deadline, and earlier as long as it is not complete. */
  dueMs: number;
  isSubmitted: boolean;
}

/**
 * The appends of one call. Each is begun by a request with options, goes on with any number of chunks, and is submitted by
 * the final one, in the order in which the final ones arrive. Each is answered exactly once: official clients break on a
 * second answer, and wait for ever for one that does not come.
 */
export class BatchAppends {
  readonly #context: WireContext;
  readonly #caller: Caller;
  readonly #answer: (response: Buffer) => void;
  readonly #pending: PendingAppends<Pending>;
  readonly #submitted = new Set<Promise<void>>();

  /** @param answer takes each answer when it is known, in no particular order */
  constructor(context: WireContext, caller: Caller, answer: (response: Buffer) => void) {
    this.#context = context;
    this.#caller = caller;
    this.#answer = answer;
    this.#pending = new PendingAppends(context.clock, (append) => {
      append.proposed.release();
      answer(batchTooLate(append));
    });
  }

  take(request: BatchAppendRequest): void {
    const append = this.#pending.get(request.correlationId) ?? this.#begin(request);
    if (!append || append.isSubmitted) return;
    try {
      append.proposed.add(request.proposed, request.sizeBytes);
    } catch (error) {
      this.#end(append, batchFailure(append, error));
      return;
    }
    if (request.isFinal) this.#submit(append);
  }

  /** Resolves when everything that was submitted is answered. */
  async settled(): Promise<void> {
    await Promise.all(this.#submitted);
  }

  /** Forgets everything: nobody is there to be answered. */
  abandon(): void {
    for (const { proposed } of this.#pending.clear()) proposed.release();
  }

  /** @returns `undefined` if the request begins nothing, or what it begins is refused */
  #begin({ correlation, correlationId, options }: BatchAppendRequest): Pending | undefined {
    if (!options) return undefined;
    const address: AppendAddress = { correlation, stream: options.stream };
    try {
      const nowMs = this.#context.clock.monotonic();
      const { expected, access } = this.#admitted(correlationId, options);
      const deadlineMs = nowMs + this.#timeLeftMs(options.deadline);
      if (deadlineMs <= nowMs) {
        this.#answer(batchTooLate(address));
        return undefined;
      }
      const append: Pending = {
        ...address,
        correlationId,
        expected,
        proposed: new ProposedEvents(this.#context.maxAppendBytes, this.#context.heldBytes),
        access,
        deadlineMs,
        dueMs: Math.min(deadlineMs, nowMs + WRITE_TIMEOUT_MS),
        isSubmitted: false,
      };
      this.#pending.add(append);
      access?.catch((error: unknown) => {
        this.#end(append, batchFailure(append, error));
      });
      return append;
    } catch (error) {
      this.#answer(batchFailure(address, error));
      return undefined;
    }
  }

  #admitted(
    correlationId: string,
    { stream, expected }: AppendOptions,
  ): Pick<Pending, 'expected' | 'access'> {
    if (!isUuid(correlationId)) throw invalidArgument('The correlation id is a UUID.');
    if (stream === '') throw invalidArgument('Required field StreamIdentifier not set.');
    checkTarget(stream);
    const access = this.#context.access.check(this.#caller, 'write', stream);
    return { expected: toExpectedRevision(expected), access };
  }

  #timeLeftMs(deadline: AppendDeadline): number {
    switch (deadline.kind) {
      case 'at':
        return deadline.epochMs - this.#context.clock.now();
      case 'within':
        return deadline.durationMs;
      case 'none':
        return Infinity;
    }
  }

  #submit(append: Pending): void {
    append.isSubmitted = true;
    this.#pending.extend(append, append.deadlineMs);
    const submission = this.#append(append).catch((error: unknown) => {
      this.#end(append, batchFailure(append, error));
    });
    this.#submitted.add(submission);
    void submission.then(() => this.#submitted.delete(submission));
  }

  async #append(append: Pending): Promise<void> {
    const { stream, expected, proposed, access } = append;
    if (access) {
      await access;
      if (this.#pending.get(append.correlationId) !== append) return; // answered meanwhile: too late
    }
    const appended = this.#context.log.append(stream, expected, proposed.events);
    proposed.release(); // the engine counts them from here on
    const outcome = await appended;
    this.#end(append, batchSuccess(append, outcome));
  }

  #end(append: Pending, response: Buffer): void {
    if (!this.#pending.remove(append)) return;
    append.proposed.release();
    this.#answer(response);
  }
}
