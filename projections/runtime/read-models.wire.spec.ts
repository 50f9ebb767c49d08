import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { EventStoreDBClient } from '@eventstore/db-client';
import { Logger } from '@nestjs/common';
import type { EventStore } from '../../modules/event-store/index.js';
import { DeliveryStories, STORY_STEPS } from '../../test/support/delivery-stories.js';
import { ReadModelWorld } from '../../test/support/read-model-world.js';
import { dumpTables } from '../../test/support/table-dump.js';
import { WireStore } from '../../test/support/wire-store.js';

/** The official client, on a server of our own. */
async function overTheWire(dataDir: string): Promise<EventStore> {
  mkdirSync(dataDir, { recursive: true });
  const wire = await WireStore.open({}, dataDir);
  const client = EventStoreDBClient.connectionString(wire.connectionString);
  return {
    client,
    capabilities: { hasSafeServerSideFilter: false, isExclusive: false },
    failed: new Promise(() => undefined),
    close: async () => {
      await client.dispose();
      await wire.stop();
    },
  };
}

let world: ReadModelWorld;

beforeEach(() => {
  Logger.overrideLogger(false);
  world = new ReadModelWorld(overTheWire);
});

afterEach(async () => {
  await world.close();
});

function someStories(count: number): DeliveryStories {
  const stories = new DeliveryStories();
  for (let step = 0; step < count; step++) {
    const kind = STORY_STEPS[(step * 7) % STORY_STEPS.length];
    if (kind) stories.step((step * 5) % 40, kind);
  }
  return stories;
}

describe('the read models through the official client', () => {
  it('go on from their checkpoint after a restart, and end like ones that are rebuilt', async () => {
    const stories = someStories(200);
    const first = await world.readModels();
    await first.whenCaughtUp();
    await first.waitFor(await world.append(stories, 0, 60));
    await first.close();
    const second = await world.readModels();
    await second.waitFor(await world.append(stories, 60));
    await second.close();
    const live = dumpTables(join(world.folder, 'read-model.sqlite'));
    const third = await world.readModels();
    await third.rebuild();
    await third.close();
    expect(dumpTables(join(world.folder, 'read-model.sqlite'))).toEqual(live);
    expect(live['deliveries']).not.toEqual([]);
  });

  it('reach the position of an event that is not ours', async () => {
    const models = await world.readModels();
    const position = await world.appendTo('order-1', 'OrderPlaced', { total: 3 });
    await models.waitFor(position);
    expect(models.isCaughtUp).toBe(true);
  });
});
