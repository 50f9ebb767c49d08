import PgBoss from 'pg-boss';
import type { Contender, StartContender } from '../contender.js';
import { type WebhookJob, WebhookSender } from './webhook-job.js';

const QUEUE = 'webhooks';
/** pg-boss fetches by polling, at most twice a second; more workers with large batches are how it is made quicker. */
const WORKERS = 4;

interface Outcomes {
  readonly delivered: number;
  readonly dead: number;
}

const OUTCOMES = `
  select count(*) filter (where state = 'completed')::int as delivered,
         count(*) filter (where state = 'failed')::int as dead
  from pgboss.job where name = $1`;

/** The same on PostgreSQL: a job table, fetched in batches, with retries. */
export const startPgBoss: StartContender = async ({ receiverUrl, concurrency, serviceUrl }) => {
  if (serviceUrl === null) throw new Error('pg-boss needs a PostgreSQL');
  const boss = new PgBoss({ connectionString: serviceUrl, max: 10 });
  boss.on('error', (error) => {
    throw error;
  });
  await boss.start();
  await boss.createQueue(QUEUE, { name: QUEUE, retryLimit: 10, retryBackoff: true });
  const sender = new WebhookSender(concurrency);
  const options = {
    batchSize: Math.max(1, Math.floor((4 * concurrency) / WORKERS)),
    pollingIntervalSeconds: 0.5,
  };
  for (let worker = 0; worker < WORKERS; worker++) {
    await boss.work<WebhookJob>(QUEUE, options, async (jobs) => {
      await Promise.all(jobs.map(({ data }) => sender.send(data)));
    });
  }
  const done = async (): Promise<Outcomes> => {
    const db: { executeSql(sql: string, values: string[]): Promise<{ rows: Outcomes[] }> } =
      boss.getDb();
    const { rows } = await db.executeSql(OUTCOMES, [QUEUE]);
    return rows[0] ?? { delivered: 0, dead: 0 };
  };
  let published = 0;
  const contender: Contender = {
    publish: async (message) => {
      published += 1;
      await boss.send(QUEUE, { ...message, url: receiverUrl });
    },
    settled: async (count) => {
      // pg-boss tells of no completion: it is looked up, ever more often towards the end.
      for (let { delivered } = await done(); delivered < count; { delivered } = await done()) {
        await new Promise((resolve) => setTimeout(resolve, count - delivered > 1_000 ? 100 : 10));
      }
    },
    ledger: async () => {
      const { delivered, dead } = await done();
      return { delivered, dead, pending: published - delivered - dead };
    },
    stop: async () => {
      await boss.stop({ graceful: true, timeout: 5_000 });
      await sender.close();
    },
  };
  return contender;
};
