import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { DeliveryStories } from '../../test/support/delivery-stories.js';
import { ReadModelWorld } from '../../test/support/read-model-world.js';
import type { ReadModels } from '../runtime/read-models.js';
import { KnownDeliveriesAdapter } from './known-deliveries.adapter.js';

/** Time enough on a machine that is busy: nothing here waits for time to pass. */
jest.setTimeout(30_000);

const COUNT = 450;

describe('the known deliveries', () => {
  const stories = new DeliveryStories();
  let world: ReadModelWorld;
  let readModels: ReadModels;
  let known: KnownDeliveriesAdapter;
  let end: bigint;

  beforeAll(async () => {
    Logger.overrideLogger(false);
    for (let index = 0; index < COUNT; index++) {
      stories.step(index, index % 2 === 0 ? 'succeed' : 'schedule');
    }
    world = new ReadModelWorld();
    readModels = await world.readModels();
    known = new KnownDeliveriesAdapter(readModels);
    end = await world.append(stories);
  });
  afterAll(async () => {
    await world.close();
  });

  const idsOf = (...indexes: readonly number[]): string[] =>
    indexes.map((index) => stories.deliveries.get(index)?.origin.deliveryId ?? 'unknown');

  it('are those that are recorded, open and ended, once the read model has come that far', async () => {
    const answer = await known.among({
      deliveryIds: ['dlv_nobody', ...idsOf(3, 4, COUNT - 1)],
      recordedUpTo: end,
      recordedAbove: -1n,
    });

    expect([...answer].sort()).toEqual(idsOf(3, 4, COUNT - 1).sort());
  });

  it('are found however many are asked for', async () => {
    const all = idsOf(...Array.from({ length: COUNT }, (_, index) => index));

    const answer = await known.among({
      deliveryIds: [...all, 'dlv_nobody'],
      recordedUpTo: end,
      recordedAbove: -1n,
    });

    expect(answer.size).toBe(COUNT);
  });

  it('are none when all that were recorded lie below where those asked for would', async () => {
    const deliveryIds = idsOf(3);

    const answer = await known.among({ deliveryIds, recordedUpTo: end, recordedAbove: end });

    expect(answer.size).toBe(0);
  });

  it('are not told before the read model has come that far', async () => {
    const { position } = readModels;
    const later = world.appendTo(world.names.delivery('later'), 'SomethingNew', {});

    await known.among({
      deliveryIds: idsOf(1),
      recordedUpTo: await later,
      recordedAbove: -1n,
    });

    expect(readModels.position).toBeGreaterThan(position);
  });
});
