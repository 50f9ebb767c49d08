import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { EventBus, QueryBus } from '@nestjs/cqrs';
import {
  type DeliveryStatus,
  DeliverySucceeded,
  EVENT_STORE_CLIENT,
  type EventStoreClient,
  GetDeliveries,
  jsonEvent,
  PosthornHealth,
  PosthornModule,
  WebhooksService,
} from 'posthorn';
import { type Contender, OutcomeCount, type StartContender } from '../contender.js';

@Module({})
class BenchModule {}

/** Append, deliver, record, show: with everything that Posthorn promises. */
export const startPosthorn: StartContender = async (arena) => {
  const posthorn = PosthornModule.forRoot({
    dataDir: arena.dataDir,
    allowHttp: true,
    allowedNetworks: ['127.0.0.0/8'],
    encryptionKey: randomBytes(32).toString('base64'),
    ...(arena.serviceUrl !== null && { eventStoreUrl: arena.serviceUrl }),
  });
  const app = await NestFactory.createApplicationContext(
    { module: BenchModule, imports: [posthorn] },
    { logger: ['error', 'warn'], abortOnError: false },
  );
  const health = app.get(PosthornHealth);
  while (!health.isReady) await delay(10);
  await app
    .get(WebhooksService)
    .register('bench', arena.receiverUrl, (webhook) =>
      webhook.withEventType('github.*').withConcurrency(arena.concurrency),
    );

  const store = app.get<EventStoreClient>(EVENT_STORE_CLIENT);
  const queries = app.get(QueryBus);
  const recorded = new OutcomeCount();
  const subscription = app.get(EventBus).subscribe((notification) => {
    if (notification instanceof DeliverySucceeded) recorded.add();
  });
  const count = async (status: DeliveryStatus): Promise<number> => {
    const { total } = await queries.execute(
      new GetDeliveries({ webhookId: 'bench', status, limit: 1 }),
    );
    return total ?? 0;
  };
  let published = 0;
  const contender: Contender = {
    publish: async ({ type, data }) => {
      published += 1;
      await store.appendToStream(`github-${data.bench % 64}`, jsonEvent({ type, data }));
    },
    settled: async (expected) => {
      await recorded.reached(expected);
      while ((await count('succeeded')) < expected) await delay(2);
    },
    ledger: async () => {
      const [delivered, dead] = await Promise.all([count('succeeded'), count('dead-lettered')]);
      return { delivered, dead, pending: published - delivered - dead };
    },
    stop: async () => {
      subscription.unsubscribe();
      await app.close();
    },
  };
  return contender;
};
