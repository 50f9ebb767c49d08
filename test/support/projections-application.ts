import { Module } from '@nestjs/common';
import { CqrsModule, QueryBus } from '@nestjs/cqrs';
import { Test, type TestingModule } from '@nestjs/testing';
import { EVENT_STORE, type EventStore, STREAM_NAMES } from '../../modules/event-store/index.js';
import { CLOCK, type Clock } from '../../modules/kernel/index.js';
import { ProjectionsModule } from '../../projections/index.js';
import { ReadModels } from '../../projections/runtime/read-models.js';
import { ReadModelWorld } from './read-model-world.js';

/** The projections in an application of their own, on an embedded event store. */
export class ProjectionsApplication {
  readonly world: ReadModelWorld;
  readonly module: TestingModule;

  private constructor(world: ReadModelWorld, module: TestingModule) {
    this.world = world;
    this.module = module;
  }

  static async start(clock?: Clock): Promise<ProjectionsApplication> {
    const world = new ReadModelWorld();
    const store: EventStore = await world.store();
    const providers = [
      { provide: EVENT_STORE, useValue: store },
      { provide: STREAM_NAMES, useValue: world.names },
      { provide: CLOCK, useValue: clock ?? world.clock },
    ];
    @Module({ providers, exports: [EVENT_STORE, STREAM_NAMES, CLOCK] })
    class FoundationModule {}
    const module = await Test.createTestingModule({
      imports: [
        CqrsModule.forRoot(),
        ProjectionsModule.forRoot({ imports: [FoundationModule], dataDir: world.folder }),
      ],
    }).compile();
    await module.init();
    return new ProjectionsApplication(world, module);
  }

  get readModels(): ReadModels {
    return this.module.get(ReadModels);
  }

  get queries(): QueryBus {
    return this.module.get(QueryBus);
  }

  async close(): Promise<void> {
    await this.module.close();
    await this.world.close();
  }
}
