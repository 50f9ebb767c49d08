import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { INestApplication, NestApplicationOptions } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { EVENT_STORE_CLIENT, type EventStoreClient, WebhooksService } from 'posthorn';
import { Api } from './api.js';
import { ArchiveWebhook, DemoModule } from './demo.module.js';
import { type DomainEvent, githubEvents } from './github-events.js';
import { balance } from './ledger.js';
import { Receiver } from './receiver.js';
import { bold, dim, red, say, showProgress } from './terminal.js';

/**
 * One scenario from end to end on real input. Three webhooks: one declared, whose receiver is well; one registered in
 * code, whose receiver fails twice for every event; one registered through REST, whose receiver is dead until its dead
 * letters are replayed. Exits with 1 if the ledger does not balance. Runs on the embedded event store, or on the server that
 * `EVENTSTORE_URL` names.
 */
const EVENT_COUNT = 1_200;
const APPENDS_AT_ONCE = 16;
const LONGEST_MS = 180_000;
const QUIET: NestApplicationOptions = { logger: ['error', 'warn'] };

const flaky = new Receiver((attempt) => (attempt <= 2 ? 500 : 200));
const dead = new Receiver(() => 'nothing');
const healthy = ArchiveWebhook.receiver;

async function main(): Promise<boolean> {
  const dataDir = await mkdtemp(join(tmpdir(), 'posthorn-demo-'));
  const apiToken = randomBytes(24).toString('base64url');
  const encryptionKey = randomBytes(32).toString('base64');
  const streamPrefix = `demo_${randomBytes(6).toString('hex')}.`;
  ArchiveWebhook.url = await healthy.listen();
  const run = { dataDir, apiToken, encryptionKey, streamPrefix };
  const app = await NestFactory.create(DemoModule.forRun(run), QUIET);
  try {
    await app.listen(0, '127.0.0.1');
    return await scenario(app, new Api(await app.getUrl(), apiToken));
  } finally {
    await app.close();
    await Promise.all([healthy.close(), flaky.close(), dead.close()]);
    await rm(dataDir, { recursive: true, force: true });
  }
}

async function scenario(app: INestApplication, api: Api): Promise<boolean> {
  const webhooks = app.get(WebhooksService);
  const store = app.get<EventStoreClient>(EVENT_STORE_CLIENT);

  say(bold('\n  Posthorn: from event to delivery, on real payloads of GitHub\n'));
  healthy.useSecret(await webhooks.revealSigningSecret('archive'));
  await webhooks.register('triage', await flaky.listen(), (webhook) =>
    webhook
      .withEventTypes('github.issues.*', 'github.pull_request.*')
      .withRetry({ kind: 'list', delaysMs: [100, 200, 400] })
      .withConcurrency(20),
  );
  flaky.useSecret(await webhooks.revealSigningSecret('triage'));
  const { signingSecret } = await api.post<{ signingSecret: string }>('webhooks', {
    id: 'deploy',
    url: await dead.listen(),
    eventTypes: ['github.push', 'github.release.*', 'github.workflow_job.*'],
    retry: { kind: 'list', delaysMs: [100] },
    concurrency: 20,
  });
  dead.useSecret(signingSecret);
  say(`  ${bold('archive')}  declared in code       ${dim('its receiver is well')}`);
  say(`  ${bold('triage')}   registered in code     ${dim('its receiver fails twice per event')}`);
  say(
    `  ${bold('deploy')}   registered over REST   ${dim('its receiver hangs up on everything')}\n`,
  );

  const events = githubEvents(EVENT_COUNT);
  await append(store, events);
  const members = {
    archive: idsOf(events, /^github\./),
    triage: idsOf(events, /^github\.(issues|pull_request)\./),
    deploy: idsOf(events, /^github\.(push$|release\.|workflow_job\.)/),
  };

  await until('archive: delivered', members.archive.size, () => api.count('archive', 'succeeded'));
  await until('triage: delivered', members.triage.size, () => api.count('triage', 'succeeded'));
  await until('deploy: dead letters', members.deploy.size, () =>
    api.count('deploy', 'dead-lettered'),
  );
  const deadLettered = await api.count('deploy', 'dead-lettered');

  dead.answerWith(() => 200);
  const { accepted } = await api.post<{ accepted: number }>('dead-letters/replay', {
    webhookId: 'deploy',
    reason: 'the receiver is back',
  });
  await until('deploy: replayed', accepted, () => api.count('deploy', 'succeeded'));

  const none = { deadLettered: 0, replayed: 0 };
  return balance(
    api,
    [
      { webhookId: 'archive', memberIds: members.archive, receiver: healthy, ...none },
      { webhookId: 'triage', memberIds: members.triage, receiver: flaky, ...none },
      {
        webhookId: 'deploy',
        memberIds: members.deploy,
        receiver: dead,
        deadLettered,
        replayed: accepted,
      },
    ],
    events.length,
  );
}

async function append(store: EventStoreClient, events: readonly DomainEvent[]): Promise<void> {
  const startedAt = performance.now();
  const queue = events.values();
  let done = 0;
  const appendInTurn = async (): Promise<void> => {
    for (const { stream, event } of queue) {
      await store.appendToStream(stream, event);
      showProgress('events appended', ++done, events.length);
    }
  };
  await Promise.all(Array.from({ length: APPENDS_AT_ONCE }, appendInTurn));
  finished('events appended', events.length, startedAt);
}

async function until(label: string, expected: number, count: () => Promise<number>): Promise<void> {
  const startedAt = performance.now();
  for (;;) {
    const done = await count();
    showProgress(label, done, expected);
    if (done >= expected) break;
    if (performance.now() - startedAt > LONGEST_MS) {
      throw new Error(`${label}: ${String(done)} of ${String(expected)} after three minutes`);
    }
    await delay(100);
  }
  finished(label, expected, startedAt);
}

function finished(label: string, count: number, startedAt: number): void {
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
  say(`  ✓ ${label.padEnd(22)} ${String(count).padStart(6)}   ${dim(`${seconds} s`)}`);
}

function idsOf(events: readonly DomainEvent[], type: RegExp): ReadonlySet<string> {
  return new Set(events.filter(({ event }) => type.test(event.type)).map(({ event }) => event.id));
}

try {
  process.exitCode = (await main()) ? 0 : 1;
} catch (error) {
  say(red(`\n  ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`));
  process.exitCode = 1;
}
