import 'reflect-metadata';
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { QueryBus } from '@nestjs/cqrs';
import {
  EVENT_STORE_CLIENT,
  type EventStoreClient,
  GetDeliveries,
  jsonEvent,
  PosthornHealth,
  PosthornModule,
  WebhooksService,
} from 'posthorn';
import type { Contender } from '../contender.js';
import { openLoop } from '../load.js';

/** Two tenants on one installation, and how much each publishes. */
export interface Neighbourhood {
  readonly dataDir: string;
  readonly quietUrl: string;
  /** `null`: there is no neighbour. */
  readonly noisyUrl: string | null;
  readonly quietPerSecond: number;
  readonly noisyPerSecond: number;
  readonly warmUpSeconds: number;
  readonly seconds: number;
}

export interface QuietResult {
  /** When each message of the quiet tenant was to be published, those of the warm-up apart. */
  readonly scheduledAt: Float64Array;
  /** How many deliveries of the quiet tenant are recorded as succeeded. */
  readonly delivered: number;
}

const NOISY_TIMEOUT_MS = 1_000;

@Module({})
class BenchModule {}

async function run(neighbourhood: Neighbourhood): Promise<QuietResult> {
  const posthorn = PosthornModule.forRoot({
    dataDir: neighbourhood.dataDir,
    allowHttp: true,
    allowedNetworks: ['127.0.0.0/8'],
    encryptionKey: randomBytes(32).toString('base64'),
  });
  const app = await NestFactory.createApplicationContext(
    { module: BenchModule, imports: [posthorn] },
    { logger: ['error', 'warn'], abortOnError: false },
  );
  const health = app.get(PosthornHealth);
  while (!health.isReady) await delay(10);
  const webhooks = app.get(WebhooksService);
  const { noisyUrl, quietUrl } = neighbourhood;
  await webhooks.register('quiet', quietUrl, (webhook) =>
    webhook.withEventType('github.*').forTenant('quiet'),
  );
  if (noisyUrl !== null) {
    await webhooks.register('noisy', noisyUrl, (webhook) =>
      webhook.withEventType('github.*').forTenant('noisy').withTimeout(NOISY_TIMEOUT_MS),
    );
  }
  const store = app.get<EventStoreClient>(EVENT_STORE_CLIENT);
  const queries = app.get(QueryBus);
  const delivered = async (): Promise<number> => {
    const query = new GetDeliveries({ webhookId: 'quiet', status: 'succeeded', limit: 1 });
    return (await queries.execute(query)).total ?? 0;
  };
  const tenant = (tenantId: string): Contender => ({
    publish: async ({ type, data }) => {
      const event = jsonEvent({ type, data, metadata: { tenantId } });
      await store.appendToStream(`${tenantId}-${data.bench % 64}`, event);
    },
    settled: async (count) => {
      while (tenantId === 'quiet' && (await delivered()) < count) await delay(10);
    },
    ledger: async () => ({ delivered: await delivered(), pending: 0, dead: 0 }),
    stop: () => app.close(),
  });
  try {
    return { ...(await load(neighbourhood, tenant)), delivered: await delivered() };
  } finally {
    await app.close();
  }
}

async function load(
  { noisyPerSecond, noisyUrl, quietPerSecond, seconds, warmUpSeconds }: Neighbourhood,
  tenant: (id: string) => Contender,
): Promise<Pick<QuietResult, 'scheduledAt'>> {
  const quiet = (first: number, count: number) =>
    openLoop(tenant('quiet'), { first, count, perSecond: quietPerSecond });
  const warmUp = warmUpSeconds * quietPerSecond;
  const noise =
    noisyUrl === null
      ? Promise.resolve()
      : openLoop(tenant('noisy'), {
          first: 0,
          count: (warmUpSeconds + seconds) * noisyPerSecond,
          perSecond: noisyPerSecond,
        });
  await quiet(0, warmUp);
  const { scheduledAt } = await quiet(warmUp, seconds * quietPerSecond);
  await noise;
  return { scheduledAt };
}

process.on('message', (neighbourhood: Neighbourhood) => {
  run(neighbourhood).then(
    (result) => {
      process.send?.(result, () => process.exit(0));
    },
    (error: unknown) => {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      process.stderr.write(`${text}\n`);
      process.exit(1);
    },
  );
});
