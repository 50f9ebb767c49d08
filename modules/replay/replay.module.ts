import { type DynamicModule, Module, type ModuleMetadata, type Provider } from '@nestjs/common';
import { CqrsModule, EventBus } from '@nestjs/cqrs';
import {
  EVENT_STORE,
  type EventStore,
  STREAM_NAMES,
  type StreamNames,
} from '../event-store/index.js';
import { OBSERVED_POSITION, type ObservedPosition } from '../feed/index.js';
import { CLOCK, type Clock } from '../kernel/index.js';
import { RegistryDirectory } from '../registry/index.js';
import { TENANCY_OPTIONS, type TenancyOptions } from '../tenancy/index.js';
import { DEAD_LETTERS, type DeadLetters } from './dead-letters.port.js';
import { PAST_DELIVERIES, type PastDeliveries } from './past-deliveries.port.js';
import { RegistrationReplays } from './registration-replays.js';
import { REPLAY_COMMAND_HANDLERS } from './replay.commands.js';
import { REPLAY_QUERY_HANDLERS } from './replay.queries.js';
import { REPLAY_INDEX, type ReplayIndex } from './replay-index.port.js';
import { ReplayJournal } from './replay-journal.js';
import { ReplaysService } from './replays.service.js';
import { Turnstile } from './running/bounded-work.js';
import { ReplayRunner } from './running/replay-runner.js';
import { steppers } from './running/steppers.js';

/** What the replays stand on. */
export interface ReplayModuleOptions {
  /**
   * Modules that provide `EVENT_STORE`, `STREAM_NAMES`, `CLOCK`, `TENANCY_OPTIONS`, `RegistryDirectory`,
   * `OBSERVED_POSITION`, `PAST_DELIVERIES`, `REPLAY_INDEX` and `DEAD_LETTERS`.
   */
  readonly imports: NonNullable<ModuleMetadata['imports']>;
}

/** Pieces of replays that one instance does at once, over all replays: what is left is for what is new. */
const AT_ONCE = 2;

const PROVIDERS: readonly Provider[] = [
  {
    provide: ReplayJournal,
    inject: [EVENT_STORE, STREAM_NAMES, CLOCK, EventBus],
    useFactory: (
      { client }: EventStore,
      names: StreamNames,
      clock: Clock,
      events: EventBus,
    ): ReplayJournal =>
      new ReplayJournal({
        client,
        names,
        clock,
        publish: (recorded) => {
          events.publish(recorded);
        },
      }),
  },
  {
    provide: ReplayRunner,
    inject: [
      EVENT_STORE,
      STREAM_NAMES,
      CLOCK,
      TENANCY_OPTIONS,
      RegistryDirectory,
      ReplayJournal,
      REPLAY_INDEX,
      PAST_DELIVERIES,
      DEAD_LETTERS,
      OBSERVED_POSITION,
    ],
    useFactory: runner,
  },
  {
    provide: ReplaysService,
    inject: [
      EVENT_STORE,
      STREAM_NAMES,
      CLOCK,
      RegistryDirectory,
      ReplayJournal,
      REPLAY_INDEX,
      DEAD_LETTERS,
      ReplayRunner,
    ],
    useFactory: (
      { client }: EventStore,
      names: StreamNames,
      clock: Clock,
      directory: RegistryDirectory,
      journal: ReplayJournal,
      index: ReplayIndex,
      deadLetters: DeadLetters,
      replayRunner: ReplayRunner,
    ): ReplaysService =>
      new ReplaysService({
        ...{ client, names, clock, directory, journal, index, deadLetters },
        onRecorded: (replayId) => {
          replayRunner.takeUp(replayId);
        },
      }),
  },
  ...REPLAY_COMMAND_HANDLERS,
  ...REPLAY_QUERY_HANDLERS,
];

function runner(
  store: EventStore,
  names: StreamNames,
  clock: Clock,
  tenancy: TenancyOptions,
  directory: RegistryDirectory,
  journal: ReplayJournal,
  index: ReplayIndex,
  deliveries: PastDeliveries,
  deadLetters: DeadLetters,
  observed: ObservedPosition,
): ReplayRunner {
  const { client } = store;
  const found = { client, names, tenancy, directory, deliveries, deadLetters, observed };
  return new ReplayRunner({
    ...{ store, names, clock, directory, journal, index },
    turnstile: new Turnstile(AT_ONCE),
    stepperOf: steppers(found),
    registrations: new RegistrationReplays({ client, names, clock, directory, index, journal }),
  });
}

/** The replays; the runner starts and closes when the shell says so. */
@Module({})
export class ReplayModule {
  static forRoot({ imports }: ReplayModuleOptions): DynamicModule {
    return {
      module: ReplayModule,
      imports: [CqrsModule, ...imports],
      providers: [...PROVIDERS],
      exports: [ReplaysService, ReplayRunner],
    };
  }
}
