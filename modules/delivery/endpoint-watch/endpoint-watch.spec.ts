import { Logger } from '@nestjs/common';
import { Subject } from 'rxjs';
import { fold, ManualClock } from '../../kernel/index.js';
import type { Webhook } from '../../registry/index.js';
import { type EndpointCommand, endpointDecider } from './endpoint.aggregate.js';
import type { EndpointEvent } from '../endpoint.events.js';
import type { EndpointStanding } from '../endpoint-standing.port.js';
import { EndpointWatch, stageOf } from './endpoint-watch.js';

const DAY_MS = 24 * 3_600_000;
const BEGINNING = Date.UTC(2026, 0, 1);

/** Several instances that see one log, in which attempts succeed and fail. */
class WatchWorld {
  readonly clock = new ManualClock(BEGINNING);
  readonly recorded: EndpointEvent[] = [];
  readonly disabled: string[] = [];
  status: Webhook['status'] = 'active';
  standing: EndpointStanding = {
    webhookId: 'orders',
    failingSince: null,
    lastFailureAt: null,
    failureCount: 0,
    warnedSince: null,
    warnedStage: 0,
  };
  /** Done before a webhook that is about to be disabled is looked at for the last time. */
  meanwhile: () => void = () => undefined;
  readonly #changes = new Subject<readonly EndpointStanding[]>();
  #watches: EndpointWatch[] = [];

  get told(): readonly string[] {
    return this.recorded.map((event) =>
      event.type === 'EndpointFailing' ? `failing ${event.data.stage}` : 'recovered',
    );
  }

  async start(instances = 1, disableAfterMs: number | null = 5 * DAY_MS): Promise<void> {
    for (const watch of this.#watches) watch.stop();
    this.#watches = Array.from({ length: instances }, () => this.#watch(disableAfterMs));
    for (const watch of this.#watches) await watch.start();
    await settled();
  }

  async fails(atDay: number): Promise<void> {
    const at = BEGINNING + atDay * DAY_MS;
    const { failingSince, failureCount } = this.standing;
    await this.#becomes({
      failingSince: failingSince ?? at,
      lastFailureAt: at,
      failureCount: failureCount + 1,
    });
  }

  succeeds(): Promise<void> {
    return this.#becomes({ failingSince: null, lastFailureAt: null, failureCount: 0 });
  }

  async #becomes(change: Partial<EndpointStanding>): Promise<void> {
    this.standing = { ...this.standing, ...change };
    this.#changes.next([this.standing]);
    await settled();
  }

  #watch(disableAfterMs: number | null): EndpointWatch {
    const standings = {
      changes: this.#changes,
      failing: () => Promise.resolve([this.standing]),
      standingOf: () => {
        this.meanwhile();
        return Promise.resolve(this.standing);
      },
    };
    return new EndpointWatch({
      standings,
      journal: { record: (command) => this.#record(command) },
      directory: { find: () => ({ status: this.status }) as Webhook },
      disable: (webhookId) => {
        if (this.status === 'active') this.disabled.push(webhookId);
        this.status = 'disabled';
        return Promise.resolve();
      },
      clock: this.clock,
      disableAfterMs,
    });
  }

  async #record(command: EndpointCommand): Promise<bigint | null> {
    await Promise.resolve();
    const events = endpointDecider.decide(command, fold(endpointDecider, this.recorded));
    this.recorded.push(...events);
    for (const { data, type } of events) {
      const isWarning = type === 'EndpointFailing';
      const warnedSince = isWarning ? Date.parse(data.failingSince) : null;
      const warnedStage = isWarning ? data.stage : 0;
      this.standing = { ...this.standing, warnedSince, warnedStage };
    }
    return events.length === 0 ? null : 1n;
  }
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
}

beforeAll(() => {
  Logger.overrideLogger(false);
});

describe('an endpoint of which every attempt fails', () => {
  it('is warned of after 1, 3 and 4 days, and its webhook disabled after 5', async () => {
    const world = new WatchWorld();
    await world.start();
    for (let day = 0; day < 5; day += 0.25) await world.fails(day);
    expect(world.told).toEqual(['failing 1', 'failing 2', 'failing 3']);
    expect(world.disabled).toEqual([]);

    await world.fails(5);
    expect(world.told.at(-1)).toBe('failing 4');
    expect(world.disabled).toEqual(['orders']);
    expect(world.recorded[0]?.data).toMatchObject({
      failingSince: '2026-01-01T00:00:00.000Z',
      lastFailureAt: '2026-01-02T00:00:00.000Z',
      failureCount: 5,
      disablesAt: '2026-01-06T00:00:00.000Z',
    });
  });

  it('is told of once, and disabled once, by however many instances, over restarts', async () => {
    const world = new WatchWorld();
    await world.start(3);
    for (const day of [0, 1, 1.5, 3]) await world.fails(day);
    await world.start(3);
    for (const day of [3.5, 4, 5, 6]) await world.fails(day);

    expect(world.told).toEqual(['failing 1', 'failing 2', 'failing 3', 'failing 4']);
    expect(world.disabled).toEqual(['orders']);
  });

  it('does not go on to fail while nothing is asked of it', async () => {
    const world = new WatchWorld();
    await world.start();
    await world.fails(0);
    world.clock.advance(30 * DAY_MS);
    await world.start();

    expect(world.told).toEqual([]);
  });

  it('is disabled at the next start, when a kill came in between', async () => {
    const world = new WatchWorld();
    await world.fails(0);
    await world.fails(5);
    await world.start();

    expect(world.disabled).toEqual(['orders']);
  });

  it('is never disabled where that is not wanted, but warned of', async () => {
    const world = new WatchWorld();
    await world.start(1, null);
    for (const day of [0, 1, 3, 4, 50]) await world.fails(day);

    expect(world.told).toEqual(['failing 1', 'failing 2', 'failing 3']);
    expect(world.recorded[0]?.data).toMatchObject({ disablesAt: null });
    expect(world.disabled).toEqual([]);
  });

  it('is left alone when its webhook is paused or gone', async () => {
    const world = new WatchWorld();
    world.status = 'paused';
    await world.start();
    await world.fails(0);
    await world.fails(5);

    expect(world.told).toEqual([]);
  });
});

describe('a success', () => {
  it('begins everything anew, and is told of if a warning was', async () => {
    const world = new WatchWorld();
    await world.start(2);
    for (const day of [0, 4.9]) await world.fails(day);
    await world.succeeds();
    for (const day of [5, 5.5]) await world.fails(day);
    await world.succeeds();

    expect(world.told).toEqual(['failing 3', 'recovered']);
    expect(world.disabled).toEqual([]);
  });

  it('keeps the webhook enabled that was about to be disabled', async () => {
    const world = new WatchWorld();
    await world.start();
    await world.fails(0);
    world.meanwhile = () => {
      world.standing = { ...world.standing, failingSince: null, lastFailureAt: null };
    };
    await world.fails(5);

    expect(world.told).toEqual(['failing 4']);
    expect(world.disabled).toEqual([]);
  });

  it('that comes again and again makes no stream of events', async () => {
    const world = new WatchWorld();
    await world.start(2);
    for (let day = 0; day < 10; day += 0.1) {
      await world.fails(day);
      await world.succeeds();
    }
    expect(world.told).toEqual([]);
  });
});

describe('the stage of a time of failing', () => {
  it.each([
    [0, 0],
    [DAY_MS - 1, 0],
    [DAY_MS, 1],
    [3 * DAY_MS, 2],
    [4 * DAY_MS, 3],
    [5 * DAY_MS - 1, 3],
    [5 * DAY_MS, 4],
  ])('%d ms: %d', (failingMs, stage) => {
    expect(stageOf(failingMs, 5 * DAY_MS)).toBe(stage);
  });

  it('is no more than a warning where nothing is disabled', () => {
    expect(stageOf(100 * DAY_MS, null)).toBe(3);
  });
});
