import type { CancelTimer } from '../../../kernel/index.js';
import type { ExpectedRevision } from '../../embedded/event-log.js';
import { isUuid } from '../../embedded/uuid-bytes.js';
import { accessDenied, invalidArgument } from '../errors/call-status.js';
import { shared, type streams } from '../protocol.js';
import type { WireContext } from '../rpc.js';
import { streamNameOf } from '../wire-text.js';
import { fromWireUuid } from '../wire-uuid.js';
import { checkTarget } from './append-target.js';
import {
  type AppendAddress,
  batchFailure,
  batchSuccess,
  batchTooLate,
} from './batch-append-response.js';
import { expectedPositionOf } from './expected-revision.js';
import { ProposedEvents } from './proposed-events.js';

/** How long the chunks of one append may take to arrive, if its deadline is not earlier. */
const WRITE_TIMEOUT_MS = 2_000;

/** An append that was begun and is not answered. */
interface Pending extends AppendAddress {
  readonly key: string;
  readonly streamName: string;
  readonly expected: ExpectedRevision;
  readonly proposed: ProposedEvents;
  /** On the clock of the machine; `Infinity` when there is none. */
  readonly deadlineMs: number;
  isSubmitted: boolean;
  cancelTimer: CancelTimer | undefined;
}

/**
 * The appends of one call. Each is begun by a request with options, goes on with any number of chunks, and is submitted by
 * the final one, in the order in which the final ones arrive. Each is answered exactly once: official clients break on a
 * second answer, and wait for ever for one that does not come.
 */
export class BatchAppends {
  readonly #context: WireContext;
  readonly #isAdmitted: boolean;
  readonly #answer: (response: streams.BatchAppendResp) => void;
  readonly #pending = new Map<string, Pending>();
  readonly #submitted = new Set<Promise<void>>();

  /** @param answer takes each answer when it is known, in no particular order */
  constructor(
    context: WireContext,
    isAdmitted: boolean,
    answer: (response: streams.BatchAppendResp) => void,
  ) {
    this.#context = context;
    this.#isAdmitted = isAdmitted;
    this.#answer = answer;
  }

  take(request: streams.BatchAppendReq): void {
    const key = fromWireUuid(request.getCorrelationId());
    const append = this.#pending.get(key) ?? this.#begin(key, request);
    if (!append || append.isSubmitted) return;
    try {
      for (const message of request.getProposedMessagesList()) append.proposed.add(message);
    } catch (error) {
      this.#end(append, batchFailure(append, error));
      return;
    }
    if (request.getIsFinal()) this.#submit(append);
    else append.cancelTimer ??= this.#timer(append, WRITE_TIMEOUT_MS);
  }

  /** Resolves when everything that was submitted is answered. */
  async settled(): Promise<void> {
    await Promise.all(this.#submitted);
  }

  /** Forgets everything: nobody is there to be answered. */
  abandon(): void {
    for (const { cancelTimer } of this.#pending.values()) cancelTimer?.();
    this.#pending.clear();
  }

  /** @returns `undefined` if the request begins nothing, or what it begins is refused */
  #begin(key: string, request: streams.BatchAppendReq): Pending | undefined {
    const options = request.getOptions();
    if (!options) return undefined;
    const address: AppendAddress = {
      correlation: request.getCorrelationId() ?? new shared.UUID(),
      stream: options.getStreamIdentifier() ?? new shared.StreamIdentifier(),
    };
    const deadlineMs = deadlineOf(options);
    try {
      const append = { ...address, ...this.#parse(key, options), key, deadlineMs };
      if (this.#remainingMs(append) > 0) {
        this.#pending.set(key, append);
        return append;
      }
      this.#answer(batchTooLate(address));
    } catch (error) {
      this.#answer(batchFailure(address, error));
    }
    return undefined;
  }

  #parse(
    key: string,
    options: streams.BatchAppendReq.Options,
  ): Omit<Pending, keyof AppendAddress | 'key' | 'deadlineMs'> {
    if (!this.#isAdmitted) throw accessDenied();
    if (!isUuid(key)) throw invalidArgument('The correlation id is a UUID.');
    const streamName = streamNameOf(options.getStreamIdentifier());
    if (streamName === '') throw invalidArgument('Required field StreamIdentifier not set.');
    checkTarget(streamName);
    return {
      streamName,
      expected: expectedPositionOf(options),
      proposed: new ProposedEvents(this.#context.maxAppendBytes),
      isSubmitted: false,
      cancelTimer: undefined,
    };
  }

  #submit(append: Pending): void {
    append.isSubmitted = true;
    append.cancelTimer?.();
    append.cancelTimer = this.#timer(append, Infinity);
    const { streamName, expected, proposed } = append;
    const submission = this.#context.log.append(streamName, expected, proposed.events).then(
      (outcome) => {
        this.#end(append, batchSuccess(append, outcome));
      },
      (error: unknown) => {
        this.#end(append, batchFailure(append, error));
      },
    );
    this.#submitted.add(submission);
    void submission.then(() => this.#submitted.delete(submission));
  }

  #timer(append: Pending, atMostMs: number): CancelTimer | undefined {
    const delayMs = Math.min(this.#remainingMs(append), atMostMs);
    if (delayMs === Infinity) return undefined;
    return this.#context.clock.setTimer(() => {
      this.#end(append, batchTooLate(append));
    }, delayMs);
  }

  #remainingMs({ deadlineMs }: Pick<Pending, 'deadlineMs'>): number {
    return deadlineMs - this.#context.clock.now();
  }

  #end(append: Pending, response: streams.BatchAppendResp): void {
    if (this.#pending.get(append.key) !== append) return;
    this.#pending.delete(append.key);
    append.cancelTimer?.();
    this.#answer(response);
  }
}

function deadlineOf(options: streams.BatchAppendReq.Options): number {
  const deadline = options.getDeadline();
  return deadline ? deadline.toDate().getTime() : Infinity;
}
