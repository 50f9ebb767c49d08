import { jest } from '@jest/globals';
import fc from 'fast-check';
import {
  GroupSimulation,
  type SimulatedConsumer,
} from '../../../../test/support/group-simulation.js';

/** One thing that happens to a group. */
type Step =
  | { readonly kind: 'commit'; readonly stream: string | null }
  | { readonly kind: 'connect'; readonly bufferSize: number; readonly takesMore: boolean }
  | {
      readonly kind: 'ack' | 'disconnect' | 'resume';
      readonly consumer: number;
      readonly at: number;
    }
  | {
      readonly kind: 'nack';
      readonly consumer: number;
      readonly at: number;
      readonly action: 'park' | 'retry' | 'skip' | 'unknown';
    }
  | { readonly kind: 'tick'; readonly seconds: number }
  | { readonly kind: 'complete'; readonly at: number }
  | { readonly kind: 'replay'; readonly stopAt: number | undefined }
  | { readonly kind: 'restart' };

const small = fc.nat({ max: 7 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    arbitrary: fc.record({
      kind: fc.constant('commit' as const),
      stream: fc.constantFrom('a', 'b', 'c', null),
    }),
    weight: 8,
  },
  {
    arbitrary: fc.record({ kind: fc.constantFrom('ack' as const), consumer: small, at: small }),
    weight: 8,
  },
  { arbitrary: fc.record({ kind: fc.constant('complete' as const), at: small }), weight: 8 },
  {
    arbitrary: fc.record({
      kind: fc.constant('nack' as const),
      consumer: small,
      at: small,
      action: fc.constantFrom(
        'park' as const,
        'retry' as const,
        'skip' as const,
        'unknown' as const,
      ),
    }),
    weight: 4,
  },
  {
    arbitrary: fc.record({
      kind: fc.constant('connect' as const),
      bufferSize: fc.integer({ min: 1, max: 4 }),
      takesMore: fc.boolean(),
    }),
    weight: 2,
  },
  {
    arbitrary: fc.record({
      kind: fc.constantFrom('disconnect' as const, 'resume' as const),
      consumer: small,
      at: small,
    }),
    weight: 2,
  },
  {
    arbitrary: fc.record({
      kind: fc.constant('tick' as const),
      seconds: fc.integer({ min: 1, max: 4 }),
    }),
    weight: 2,
  },
  {
    arbitrary: fc.record({
      kind: fc.constant('replay' as const),
      stopAt: fc.option(small, { nil: undefined }),
    }),
    weight: 1,
  },
  { arbitrary: fc.record({ kind: fc.constant('restart' as const) }), weight: 1 },
);

const settings = fc.record({
  historyBufferSize: fc.integer({ min: 1, max: 12 }),
  readBatchSize: fc.integer({ min: 0, max: 5 }),
  liveBufferSize: fc.integer({ min: 0, max: 6 }),
  maxRetryCount: fc.integer({ min: 0, max: 2 }),
  messageTimeoutMs: fc.constantFrom(0, 2_000, 60_000),
  minCheckpointCount: fc.integer({ min: 0, max: 3 }),
  maxCheckpointCount: fc.integer({ min: 1, max: 8 }),
  checkpointAfterMs: fc.constantFrom(0, 3_000),
  consumerStrategyName: fc.constantFrom('RoundRobin', 'DispatchToSingle', 'Pinned'),
});

class Run {
  readonly simulation: GroupSimulation;
  readonly #consumers: SimulatedConsumer[] = [];

  constructor(simulation: GroupSimulation) {
    this.simulation = simulation;
  }

  do(step: Step): void {
    switch (step.kind) {
      case 'commit':
        this.simulation.commit(step.stream);
        return;
      case 'connect':
        this.#consumers.push(
          this.simulation.connect(step.bufferSize, { takesMore: step.takesMore }),
        );
        return;
      case 'tick':
        this.simulation.advance(step.seconds * 1_000);
        return;
      case 'complete':
        this.simulation.complete(step.at);
        return;
      case 'replay':
        this.simulation.replayParked(step.stopAt);
        return;
      case 'restart':
        this.#consumers.length = 0;
        this.simulation.restart();
        return;
      case 'ack':
      case 'nack':
      case 'resume':
      case 'disconnect':
        this.#doAsConsumer(step);
    }
  }

  #doAsConsumer(step: Extract<Step, { consumer: number }>): void {
    const at = step.consumer % Math.max(this.#consumers.length, 1);
    const consumer = this.#consumers[at];
    if (!consumer) return;
    const id = consumer.held[step.at % Math.max(consumer.held.length, 1)];
    const ids = id === undefined ? [] : [id];
    if (step.kind === 'ack') this.simulation.ack(consumer, ids);
    else if (step.kind === 'nack') this.simulation.nack(consumer, step.action, ids);
    else if (step.kind === 'resume') this.simulation.resume(consumer);
    else {
      this.#consumers.splice(at, 1);
      this.simulation.disconnect(consumer);
    }
  }

  /** Everything completes, every old consumer leaves, and a good one acknowledges all it is given. */
  finish(): void {
    for (const consumer of this.#consumers) this.simulation.disconnect(consumer);
    this.simulation.connect(3, { acknowledgesAtOnce: true });
    for (let round = 0; round < 200; round++) {
      this.simulation.settle();
      this.simulation.advance(1_000);
    }
  }

  /** Wanted events that are neither acknowledged nor among the parked messages on disk. */
  lostUpTo(place: number): string[] {
    const { simulation } = this;
    const parked = new Set(simulation.parked.slice(simulation.parkedFrom));
    return simulation.log
      .filter(({ isWanted, record }) => isWanted && record.position <= place)
      .map(({ record }) => record.id)
      .filter((id) => !simulation.acknowledged.has(id) && !parked.has(id));
  }
}

jest.setTimeout(30_000); // on a busy machine

describe('Whatever happens in whatever order', () => {
  it('a checkpoint passes no event that was not acknowledged, skipped or parked, and none is lost', () => {
    fc.assert(
      fc.property(
        settings,
        fc.array(fc.constantFrom('a', 'b', 'c', null), { maxLength: 30 }),
        fc.array(step, { maxLength: 120, size: 'max' }),
        (given, history, steps) => {
          const run = new Run(new GroupSimulation({ settings: given, history, isPrompt: false }));
          for (const step of steps) {
            run.do(step);
            expect(run.lostUpTo(run.simulation.checkpoint ?? -1)).toEqual([]);
          }
          run.finish();
          expect(run.lostUpTo(Infinity)).toEqual([]);
          expect(run.simulation.group.stats()).toMatchObject({
            status: 'Live',
            outstandingCount: 0,
            readBufferCount: 0,
            retryBufferCount: 0,
          });
        },
      ),
      { numRuns: 500 },
    );
  });
});
