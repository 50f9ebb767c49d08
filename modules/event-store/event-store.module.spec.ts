import { Inject, Injectable, Logger, Module, type OnModuleDestroy } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { jsonEvent } from '@eventstore/db-client';
import { temporaryFolder } from '../../test/support/embedded-log-fixtures.js';
import { WireStore } from '../../test/support/wire-store.js';
import {
  EVENT_STORE,
  EVENT_STORE_CLIENT,
  EventStoreModule,
  type EventStore,
  type EventStoreClient,
  openEmbeddedEventStore,
} from './index.js';

const event = () => jsonEvent({ type: 'thing-happened', data: {} });

/** Writes while the application ends, as a service that drains does. */
@Injectable()
class LastWords implements OnModuleDestroy {
  readonly #client: EventStoreClient;

  constructor(@Inject(EVENT_STORE_CLIENT) client: EventStoreClient) {
    this.#client = client;
  }

  async onModuleDestroy(): Promise<void> {
    await this.#client.appendToStream('last-words', event());
  }
}

const OPTIONS = Symbol('options');

describe('EventStoreModule', () => {
  const folder = temporaryFolder();

  it('opens the embedded event store for those who depend on it, and closes it after them', async () => {
    const application = await Test.createTestingModule({
      imports: [EventStoreModule.forRoot({ kind: 'embedded', dataDir: folder() })],
      providers: [LastWords],
    }).compile();
    await application.init();
    const { client } = application.get<EventStore>(EVENT_STORE);

    await application.close();

    await expect(client.appendToStream('s', event())).rejects.toThrow('closing');
    const reopened = await openEmbeddedEventStore({ dataDir: folder() });
    expect(reopened.stats().head).toBe(1);
    await reopened.close();
  });

  it('takes its options from a factory', async () => {
    @Module({ providers: [{ provide: OPTIONS, useFactory: folder }], exports: [OPTIONS] })
    class OptionsModule {}
    const application = await Test.createTestingModule({
      imports: [
        EventStoreModule.forRootAsync({
          imports: [OptionsModule],
          inject: [OPTIONS],
          useFactory: (dataDir: string) => ({ kind: 'embedded', dataDir }),
        }),
      ],
    }).compile();

    const client = application.get<EventStoreClient>(EVENT_STORE_CLIENT);
    expect(await client.appendToStream('s', event())).toMatchObject({ success: true });
    await application.close();
  });

  it('leaves a store that it was given open', async () => {
    const store = await openEmbeddedEventStore({ dataDir: folder() });
    const application = await Test.createTestingModule({
      imports: [EventStoreModule.forRoot({ store })],
    }).compile();
    expect(application.get(EVENT_STORE)).toBe(store);

    await application.close();

    expect(await store.client.appendToStream('s', event())).toMatchObject({ success: true });
    await store.close();
  });

  it('connects to a server, and owns its data folder all the same', async () => {
    Logger.overrideLogger(false);
    const server = await WireStore.open();
    const remote = { kind: 'remote', url: server.connectionString, dataDir: folder() } as const;
    const compile = (): Promise<TestingModule> =>
      Test.createTestingModule({ imports: [EventStoreModule.forRoot(remote)] }).compile();
    const application = await compile();
    const store = application.get<EventStore>(EVENT_STORE);
    expect(store.capabilities).toEqual({ hasSafeServerSideFilter: false, isExclusive: false });

    await expect(compile()).rejects.toMatchObject({ code: 'PSH_EVENT_STORE_FOLDER_IN_USE' });

    await application.close();
    await expect(store.client.appendToStream('s', event())).rejects.toThrow('closing');
    await (await compile()).close();
    await server.close();
  });

  it('does not start when the store cannot be opened', async () => {
    const store = await openEmbeddedEventStore({ dataDir: folder() });

    const starting = Test.createTestingModule({
      imports: [EventStoreModule.forRoot({ kind: 'embedded', dataDir: folder() })],
    }).compile();

    await expect(starting).rejects.toMatchObject({ code: 'PSH_EVENT_STORE_FOLDER_IN_USE' });
    await store.close();
  });
});
