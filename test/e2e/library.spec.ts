import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventStoreDBClient } from '@eventstore/db-client';
import { jest } from '@jest/globals';
import {
  Controller,
  Get,
  ImATeapotException,
  type INestApplication,
  Inject,
  Injectable,
  Module,
  type ModuleMetadata,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { CommandBus, EventsHandler, type IEventHandler, QueryBus } from '@nestjs/cqrs';
import request from 'supertest';
import {
  type DefinitionBuilder,
  DeliverySucceeded,
  EVENT_STORE_CLIENT,
  type EventStoreClient,
  GetDeliveries,
  jsonEvent,
  PosthornHealth,
  PosthornModule,
  type PosthornOptions,
  ReplayDelivery,
  verifyWebhook,
  Webhook,
  type WebhookDefinition,
  WebhooksService,
} from '../../src/index.js';
import { installationIn, SHARED_SECRETS } from '../support/installation.js';
import { RecordingReceiver } from '../support/recording-receiver.js';
import { eventually } from '../support/rest-server.js';
import { WireStore } from '../support/wire-store.js';

/** Each test starts a whole application; on a server, what one left is taken over by the next after some seconds. */
jest.setTimeout(60_000);

class OrderPlaced {
  constructor(readonly total: number) {}
}

/** Where the webhooks of these tests deliver to: provided by the application, injected into the declaration. */
const ENDPOINT = Symbol('Endpoint');

@Webhook({ id: 'declared' })
class DeclaredWebhook implements WebhookDefinition {
  constructor(@Inject(ENDPOINT) private readonly url: string) {}

  define(webhook: DefinitionBuilder): void {
    webhook.toUrl(this.url).withEventType(OrderPlaced);
  }
}

@EventsHandler(DeliverySucceeded)
class SuccessCounter implements IEventHandler<DeliverySucceeded> {
  static count = 0;
  static lastPosition = -1n;

  handle({ position }: DeliverySucceeded): void {
    SuccessCounter.count += 1;
    SuccessCounter.lastPosition = position;
  }
}

/** A provider deep in the application, which Posthorn was never imported into. */
@Injectable()
class OrderDesk {
  constructor(
    @Inject(EVENT_STORE_CLIENT) readonly store: EventStoreClient,
    readonly webhooks: WebhooksService,
    readonly queries: QueryBus,
    readonly commands: CommandBus,
  ) {}
}

@Controller('own')
class OwnController {
  @Get()
  fail(): never {
    throw new ImATeapotException('own words');
  }
}

@Module({ providers: [OrderDesk, SuccessCounter], controllers: [OwnController] })
class OrdersModule {}

describe('Posthorn in an application', () => {
  let dataDir: string;
  let receiver: RecordingReceiver;
  let options: PosthornOptions;
  const local: PosthornOptions = { allowHttp: true, allowedNetworks: ['127.0.0.0/8'] };
  const apps: INestApplication[] = [];

  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'posthorn-library-'));
    receiver = await RecordingReceiver.start();
    options = { ...local, dataDir, ...installationIn(dataDir) };
    SuccessCounter.count = 0;
  });
  afterEach(async () => {
    await Promise.all(apps.splice(0).map((app) => app.close()));
    await receiver.close();
    await rm(dataDir, { recursive: true });
  });

  async function start(
    posthorn: NonNullable<ModuleMetadata['imports']>[number],
    providers: NonNullable<ModuleMetadata['providers']> = [],
  ): Promise<INestApplication> {
    @Module({
      imports: [posthorn, OrdersModule],
      providers: [{ provide: ENDPOINT, useValue: receiver.url('/declared') }, ...providers],
    })
    class AppModule {}

    const app = await NestFactory.create(AppModule, { logger: false, abortOnError: false });
    apps.push(app);
    return app.init();
  }

  it('registers what is declared before the application goes on, and delivers what it appends', async () => {
    const app = await start(PosthornModule.forRoot(options), [DeclaredWebhook]);
    const { store, webhooks } = app.get(OrderDesk, { strict: false });

    await store.appendToStream('order-1', jsonEvent({ type: 'OrderPlaced', data: { total: 7 } }));
    await receiver.until(() => receiver.requests.length > 0);

    const [received] = receiver.at('/declared');
    const message = verifyWebhook({
      payload: received?.body ?? '',
      headers: received?.headers ?? {},
      secret: await webhooks.revealSigningSecret('declared'),
    });
    expect(message).toMatchObject({ type: 'OrderPlaced', data: { total: 7 } });
  });

  it('lends its services to every module of the application', async () => {
    const app = await start(PosthornModule.forRoot(options));
    const desk = app.get(OrderDesk, { strict: false });

    await desk.webhooks.register('imperative', receiver.url('/imperative'), (webhook) =>
      webhook.withEventType(OrderPlaced).withBearerToken('a-token'),
    );
    await desk.store.appendToStream('order-1', jsonEvent({ type: 'OrderPlaced', data: {} }));
    await eventually(() => Promise.resolve(SuccessCounter.count === 1));
    const { lastPosition: minPosition } = SuccessCounter;
    const page = await desk.queries.execute(
      new GetDeliveries({ webhookId: 'imperative', minPosition }),
    );
    const [delivery] = page.items;
    const { position } = await desk.commands.execute(
      new ReplayDelivery({ deliveryId: delivery?.id ?? '', requestedBy: 'test' }),
    );

    expect(delivery).toMatchObject({ status: 'succeeded', eventType: 'OrderPlaced' });
    expect(position).not.toBeNull();
    await eventually(() => Promise.resolve(SuccessCounter.count === 2));
    expect(receiver.at('/imperative')).toHaveLength(2);
    expect(receiver.at('/imperative')[0]?.headers.authorization).toBe('Bearer a-token');
  });

  it('takes its options from a factory', async () => {
    @Module({
      providers: [{ provide: 'settings', useFactory: () => ({ ...options, release: 3 }) }],
      exports: ['settings'],
    })
    class SettingsModule {}

    const app = await start(
      PosthornModule.forRootAsync({
        imports: [SettingsModule],
        inject: ['settings'],
        useFactory: (settings: PosthornOptions) => Promise.resolve(settings),
      }),
      [DeclaredWebhook],
    );

    const webhook = await app.get(WebhooksService, { strict: false }).get('declared');
    expect(webhook.release).toBe(3);
  });

  it('says when everything is registered, and whether it is ready', async () => {
    const app = await start(PosthornModule.forRoot(options), [DeclaredWebhook]);
    const health = app.get(PosthornHealth);

    await health.registrationCompleted;
    await eventually(() => Promise.resolve(health.isReady));

    expect(health.check().map(({ name }) => name)).toEqual([
      'event-store',
      'registry',
      'feed',
      'reconciler',
      'read-models',
      'deliveries',
    ]);
  });

  it('mounts no REST face unless it is asked to', async () => {
    const app = await start(PosthornModule.forRoot(options));

    const { status } = await request(app.getHttpServer()).get('/api/v1/health/live');

    expect(status).toBe(404);
  });

  it('mounts its REST face beside the routes of the application, and leaves those alone', async () => {
    const apiToken = 'a-token-for-tests-only';
    const app = await start(PosthornModule.forRoot({ ...options, apiToken, admin: true }));
    const server = app.getHttpServer() as Parameters<typeof request>[0];

    const own = await request(server).get('/own');
    const refused = await request(server).get('/api/v1/webhooks');
    const answered = await request(server)
      .get('/api/v1/webhooks')
      .set('Authorization', `Bearer ${apiToken}`);

    expect(own).toMatchObject({ status: 418, body: { message: 'own words', statusCode: 418 } });
    expect(refused).toMatchObject({ status: 401, body: { code: 'PSH_API_UNAUTHORIZED' } });
    expect(answered).toMatchObject({ status: 200, body: { items: [] } });
  });

  it('keeps everything over a restart', async () => {
    const first = await start(PosthornModule.forRoot(options));
    const desk = first.get(OrderDesk, { strict: false });
    receiver.behave('/later', (_request, response) => {
      response.writeHead(500).end();
    });
    await desk.webhooks.register('later', receiver.url('/later'), (webhook) =>
      webhook.withEventType(OrderPlaced).withRetry({ kind: 'fixed', attempts: 5, delayMs: 300 }),
    );
    const secret = await desk.webhooks.revealSigningSecret('later');
    await desk.store.appendToStream('order-1', jsonEvent({ type: 'OrderPlaced', data: {} }));
    await receiver.until(() => receiver.at('/later').length === 1);
    await first.close();
    apps.splice(0);
    receiver.behave('/later', (_request, response) => {
      response.writeHead(204).end();
    });

    const second = await start(PosthornModule.forRoot(options));

    await receiver.until(() => receiver.at('/later').length === 2);
    const [before, after] = receiver.at('/later');
    expect(after?.webhookId).toBe(before?.webhookId);
    expect(
      await second.get(OrderDesk, { strict: false }).webhooks.revealSigningSecret('later'),
    ).toBe(secret);
  });

  describe('on a server that others use too', () => {
    let server: WireStore;
    let shared: PosthornOptions;

    beforeEach(async () => {
      server = await WireStore.open();
      const { encryptionKey } = SHARED_SECRETS;
      shared = { ...local, dataDir, encryptionKey, eventStoreUrl: server.connectionString };
    });
    afterEach(async () => {
      await Promise.all(apps.splice(0).map((app) => app.close()));
      await server.close();
    });

    it('delivers what the application appends through its own client, and never ends that client', async () => {
      const client = EventStoreDBClient.connectionString(server.connectionString);
      const app = await start(PosthornModule.forRoot({ ...shared, client }), [DeclaredWebhook]);

      await client.appendToStream('order-1', jsonEvent({ type: 'OrderPlaced', data: {} }));
      await receiver.until(() => receiver.requests.length > 0);
      await app.close();
      apps.splice(0);

      expect(await client.readStream('order-1').toArray()).toHaveLength(1);
      await client.dispose();
    });

    it('leaves alone what another installation records there', async () => {
      const other = { ...shared, dataDir: join(dataDir, 'other'), streamPrefix: 'other.' };
      const first = await start(PosthornModule.forRoot(shared));
      const second = await start(PosthornModule.forRoot(other));
      for (const [app, id] of [
        [first, 'one'],
        [second, 'two'],
      ] as const) {
        const { webhooks } = app.get(OrderDesk, { strict: false });
        await webhooks.register(id, receiver.url(`/${id}`), (webhook) =>
          webhook.withAnyEventType(),
        );
      }

      const { store } = first.get(OrderDesk, { strict: false });
      await store.appendToStream('order-1', jsonEvent({ type: 'OrderPlaced', data: {} }));
      await eventually(() => Promise.resolve(SuccessCounter.count === 2));
      await store.appendToStream('order-2', jsonEvent({ type: 'OrderPlaced', data: {} }));
      await eventually(() => Promise.resolve(SuccessCounter.count === 4));

      expect(receiver.at('/one')).toHaveLength(2);
      expect(receiver.at('/two')).toHaveLength(2);
    });

    it('does not start with a key of its own making', async () => {
      const { encryptionKey, ...rest } = shared;
      expect(encryptionKey).toBeDefined();

      await expect(start(PosthornModule.forRoot({ ...rest, admin: true }))).rejects.toMatchObject({
        code: 'PSH_CONFIG_INVALID',
        problems: [{ field: 'POSTHORN_ENCRYPTION_KEY' }, { field: 'POSTHORN_API_TOKEN' }],
      });
    });
  });

  describe('fails the start, with a code, when', () => {
    it('a setting is wrong', async () => {
      await expect(start(PosthornModule.forRoot({ ...options, port: -1 }))).rejects.toMatchObject({
        code: 'PSH_CONFIG_INVALID',
        problems: [{ field: 'port' }],
      });
    });

    it('a declaration has mistakes', async () => {
      @Webhook({ id: 'mistaken' })
      class MistakenWebhook implements WebhookDefinition {
        define(webhook: DefinitionBuilder): void {
          webhook.toUrl('not a url').withTimeout(-1);
        }
      }

      const error: unknown = await start(PosthornModule.forRoot(options), [MistakenWebhook]).catch(
        (failure: unknown) => failure,
      );

      expect(error).toMatchObject({ code: 'PSH_REGISTRY_INVALID_DEFINITION' });
      expect(
        (error as { problems: { field: string }[] }).problems.map(({ field }) => field),
      ).toEqual(['url', 'eventTypes', 'timeoutMs'].map((field) => `MistakenWebhook: ${field}`));
    });

    it('the encryption key is not that of the data', async () => {
      const key = (byte: number) => Buffer.alloc(32, byte).toString('base64');
      const app = await start(PosthornModule.forRoot({ ...options, encryptionKey: key(1) }), [
        DeclaredWebhook,
      ]);
      await app.close();
      apps.splice(0);

      await expect(
        start(PosthornModule.forRoot({ ...options, encryptionKey: key(2) }), [DeclaredWebhook]),
      ).rejects.toMatchObject({
        code: expect.stringMatching(/^PSH_REGISTRY_(UNKNOWN|WRONG)_KEY$/),
      });
    });
  });
});
