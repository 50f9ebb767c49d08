import {
  type BatchMessage,
  type BatchResult,
  encodeBatch,
  encodedBytes,
  OUTCOME,
  OUTCOME_WIDTH,
  type WriteRequest,
} from './batch.js';
import { type AppendOutcome, EngineError } from './event-log.js';

/** So many batches are on their way at once: while the writer works on one, the next waits for it already. */
const BATCHES_IN_FLIGHT = 2;

const BATCH_BYTES = 8 * 1024 * 1024;

/** With so many bytes waiting for an outcome, whoever is about to make more waits. */
const ROOM_BYTES = 64 * 1024 * 1024;

interface Waiting {
  readonly request: WriteRequest;
  readonly bytes: number;
  readonly resolve: (outcome: AppendOutcome) => void;
  readonly reject: (error: Error) => void;
}

/** A committed batch, for those who learn of commits. */
export interface CommittedBatch {
  readonly requests: readonly WriteRequest[];
  /** What the records were stamped with. */
  readonly created: number;
  readonly result: Extract<BatchResult, { kind: 'committed' }>;
}

export interface QueueStats {
  readonly commits: number;
  readonly requests: number;
  readonly requestsWaiting: number;
  readonly bytesWaiting: number;
}

interface InFlight {
  readonly waiting: readonly Waiting[];
  readonly created: number;
}

/**
 * The way from callers to the writer: requests of one tick, and those that come while the writer is busy, travel as one
 * message. Results are handed to `onCommit` before the callers learn of them.
 */
export class AppendQueue {
  readonly #send: (batch: BatchMessage) => void;
  readonly #onCommit: (batch: CommittedBatch) => void;
  readonly #now: () => number;
  #waiting: Waiting[] = [];
  readonly #inFlight: InFlight[] = [];
  #isScheduled = false;
  #end: EngineError | undefined;
  #waitingBytes = 0;
  #commits = 0;
  #settled = 0;
  readonly #idle: (() => void)[] = [];
  #turns = 0;
  #lastTurn = Promise.resolve();
  #letIn: (() => void) | undefined;

  constructor(options: {
    readonly send: (batch: BatchMessage) => void;
    readonly onCommit: (batch: CommittedBatch) => void;
    readonly now: () => number;
  }) {
    this.#send = options.send;
    this.#onCommit = options.onCommit;
    this.#now = options.now;
  }

  /**
   * For those who are about to make the bytes of a request: `undefined` if there is room, else what resolves when it is
   * their turn, in the order of the calls.
   */
  room(): Promise<void> | undefined {
    if (this.#waitingBytes < ROOM_BYTES && this.#turns === 0) return undefined;
    this.#turns++;
    this.#lastTurn = this.#lastTurn.then(async () => {
      // who comes before makes its request first, and only then it is known whether there is room left
      if (this.#waitingBytes >= ROOM_BYTES) await new Promise<void>((go) => (this.#letIn = go));
      this.#turns--;
    });
    return this.#lastTurn;
  }

  stats(): QueueStats {
    return {
      commits: this.#commits,
      requests: this.#settled,
      requestsWaiting:
        this.#waiting.length +
        this.#inFlight.reduce((count, { waiting }) => count + waiting.length, 0),
      bytesWaiting: this.#waitingBytes,
    };
  }

  submit(request: WriteRequest): Promise<AppendOutcome> {
    if (this.#end) return Promise.reject(this.#end);
    return new Promise((resolve, reject) => {
      const bytes = encodedBytes(request);
      this.#waitingBytes += bytes;
      this.#waiting.push({ request, bytes, resolve, reject });
      this.#schedule();
    });
  }

  /** Takes the answer to the oldest batch on its way. */
  settle(result: BatchResult): void {
    const batch = this.#inFlight.shift();
    if (!batch) return;
    const { waiting, created } = batch;
    this.#commits++;
    this.#settled += waiting.length;
    for (const { bytes } of waiting) this.#waitingBytes -= bytes;
    if (this.#waitingBytes < ROOM_BYTES) this.#letIn?.();
    if (result.kind === 'committed') {
      try {
        this.#onCommit({ requests: waiting.map(({ request }) => request), created, result });
      } finally {
        waiting.forEach((one, index) => {
          settleOne(one, result.outcomes, index * OUTCOME_WIDTH);
        });
      }
    } else {
      const error = new EngineError({ kind: 'unavailable', message: result.message });
      for (const { reject } of waiting) reject(error);
    }
    if (this.#waiting.length > 0) this.#schedule();
    else if (this.#inFlight.length === 0) this.#becomeIdle();
  }

  /** Refuses requests from now on, with `reason`; those accepted go on. @returns when they have their outcome */
  async close(reason: string): Promise<void> {
    this.#end ??= new EngineError({ kind: 'unavailable', message: reason });
    if (this.#waiting.length === 0 && this.#inFlight.length === 0) return;
    await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  /** The writer is gone: what was sent may have happened, what was not sent did not. */
  fail(message: string): void {
    const unavailable = new EngineError({ kind: 'unavailable', message });
    this.#end = unavailable;
    const unknown = new EngineError({ kind: 'outcome-unknown', message });
    for (const { waiting } of this.#inFlight.splice(0)) {
      for (const { reject } of waiting) reject(unknown);
    }
    for (const { reject } of this.#waiting.splice(0)) reject(unavailable);
    this.#waitingBytes = 0;
    this.#letIn?.();
    this.#becomeIdle();
  }

  #becomeIdle(): void {
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  #schedule(): void {
    if (this.#isScheduled || this.#inFlight.length >= BATCHES_IN_FLIGHT) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    while (this.#waiting.length > 0 && this.#inFlight.length < BATCHES_IN_FLIGHT) {
      let bytes = 0;
      let count = 0;
      for (const next of this.#waiting) {
        if (count > 0 && bytes + next.bytes > BATCH_BYTES) break;
        bytes += next.bytes;
        count++;
      }
      const waiting = this.#waiting.splice(0, count);
      const created = this.#now();
      const requests = waiting.map(({ request }) => request);
      this.#inFlight.push({ waiting, created });
      this.#send(encodeBatch(requests, bytes, created));
    }
  }
}

function settleOne(one: Waiting, outcomes: Float64Array, at: number): void {
  const { request, resolve, reject } = one;
  const code = outcomes[at];
  const revision = outcomes[at + 1] ?? -1;
  const position = outcomes[at + 2] ?? -1;
  if (code === OUTCOME.appended || code === OUTCOME.repeated) {
    resolve({ revision, position: position < 0 ? null : position });
  } else if (code === OUTCOME.streamDeleted) {
    reject(new EngineError({ kind: 'stream-deleted', stream: request.stream }));
  } else {
    const { stream, expected } = request;
    reject(
      new EngineError({ kind: 'wrong-expected-version', stream, expected, current: revision }),
    );
  }
}
