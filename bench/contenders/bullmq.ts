import { BullModule, getQueueToken, OnWorkerEvent, Processor, WorkerHost } from '@nestjs/bullmq';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { Job, Queue } from 'bullmq';
import { type Contender, OutcomeCount, type StartContender } from '../contender.js';
import { type WebhookJob, WebhookSender } from './webhook-job.js';

const QUEUE = 'webhooks';

/** What a NestJS team would write: a queue on Redis, a worker that signs and posts, attempts with backoff. */
export const startBullmq: StartContender = async ({ receiverUrl, concurrency, serviceUrl }) => {
  if (serviceUrl === null) throw new Error('bullmq needs a Redis');
  const { hostname, port } = new URL(serviceUrl);
  const outcomes = new OutcomeCount();
  const sender = new WebhookSender(concurrency);

  @Processor(QUEUE, { concurrency })
  class WebhookProcessor extends WorkerHost {
    process(job: Job<WebhookJob>): Promise<void> {
      return sender.send(job.data);
    }

    @OnWorkerEvent('completed')
    completed(): void {
      outcomes.add();
    }
  }

  @Module({
    imports: [
      BullModule.forRoot({ connection: { host: hostname, port: Number(port) } }),
      BullModule.registerQueue({
        name: QUEUE,
        defaultJobOptions: { attempts: 10, backoff: { type: 'exponential', delay: 5_000 } },
      }),
    ],
    providers: [WebhookProcessor],
  })
  class BullmqModule {}

  const app = await NestFactory.createApplicationContext(BullmqModule, {
    logger: ['error', 'warn'],
  });
  const queue = app.get<Queue<WebhookJob>>(getQueueToken(QUEUE));
  await queue.obliterate({ force: true });
  await queue.resume();
  let published = 0;
  const contender: Contender = {
    publish: async (message) => {
      published += 1;
      await queue.add('deliver', { ...message, url: receiverUrl });
    },
    settled: (count) => outcomes.reached(count),
    ledger: async () => {
      const counts = await queue.getJobCounts('completed', 'failed');
      const delivered = counts['completed'] ?? 0;
      const dead = counts['failed'] ?? 0;
      return { delivered, dead, pending: published - delivered - dead };
    },
    stop: async () => {
      await app.close();
      await sender.close();
    },
  };
  return contender;
};
