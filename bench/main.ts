import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { CONTENDERS, type ContenderName } from './contender.js';
import type { Trial, TrialResult } from './contender.process.js';
import { meanPayloadBytes } from './payloads.js';
import { Receiver } from './receiver.js';
import { type Measurement, percentile, summarise, table } from './report.js';
import { startPostgres } from './services/postgres.js';
import { startRedis } from './services/redis.js';
import type { Service } from './services/service.js';
import { startWire } from './services/wire.js';

const PROGRAM = fileURLToPath(new URL('./contender.process.js', import.meta.url));

/** Requests under way at once, of every contender. */
const CONCURRENCY = 64;
/** Messages that are being published at once when a contender is saturated. */
const IN_FLIGHT = 256;
const STEADY_PER_SECOND = 500;

const FULL = { rounds: 5, warmUp: 5_000, saturation: 20_000, steadySeconds: 15 };
const QUICK = { rounds: 2, warmUp: 2_000, saturation: 6_000, steadySeconds: 5 };

/** The ledger of a run does not balance: its figures mean nothing. */
const EXIT_VOID = 3;

class VoidRun extends Error {}

const SERVICES: Readonly<Partial<Record<ContenderName, (dataDir: string) => Promise<Service>>>> = {
  wire: startWire,
  bullmq: startRedis,
  pgboss: startPostgres,
};

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      only: { type: 'string', multiple: true, default: [] },
    },
  });
  const size = values.quick ? QUICK : FULL;
  const roundCount = Number(values.rounds ?? size.rounds);
  const names = CONTENDERS.filter((name) => values.only.length === 0 || values.only.includes(name));
  const rounds = new Map<ContenderName, Measurement[]>(names.map((name) => [name, []]));
  say(`${names.join(', ')}: ${roundCount} rounds, ${size.saturation} messages to saturation,`);
  say(
    `then ${STEADY_PER_SECOND}/s for ${size.steadySeconds} s; payloads of ${meanPayloadBytes()} bytes on average\n`,
  );
  const receiver = await Receiver.start();
  try {
    for (let round = 1; round <= roundCount; round++) {
      // each round begins with another contender: what the machine does meanwhile hits all alike
      const order = names.map((_, index) => names[(index + round - 1) % names.length] ?? 'raw');
      for (const name of order) {
        const measured = await measure(name, receiver, size);
        rounds.get(name)?.push(measured);
        const { perSecond, p50Ms, p99Ms, rssMb } = measured;
        say(
          `round ${round}  ${name.padEnd(9)} ${perSecond.toFixed(0).padStart(7)}/s   p50 ${p50Ms.toFixed(2)} ms   p99 ${p99Ms.toFixed(2)} ms   ${rssMb} MiB`,
        );
      }
    }
  } finally {
    await receiver.close();
  }
  say(`\n${table(rounds)}\n`);
  process.stdout.write(`${JSON.stringify(summarise(rounds))}\n`);
}

async function measure(
  name: ContenderName,
  receiver: Receiver,
  size: typeof FULL,
): Promise<Measurement> {
  const folder = await mkdtemp(join(tmpdir(), `posthorn-bench-${name}-`));
  const service = await SERVICES[name]?.(folder);
  try {
    const trial: Trial = {
      name,
      arena: {
        receiverUrl: receiver.url,
        concurrency: CONCURRENCY,
        dataDir: join(folder, 'data'),
        serviceUrl: service?.url ?? null,
      },
      warmUp: size.warmUp,
      saturation: { count: size.saturation, inFlight: IN_FLIGHT },
      steady: { count: size.steadySeconds * STEADY_PER_SECOND, perSecond: STEADY_PER_SECOND },
    };
    const published = trial.warmUp + trial.saturation.count + trial.steady.count;
    await receiver.expect(published);
    const result = await resultOf(trial);
    const { receivedAt } = await receiver.report();
    checkLedger(name, published, result, receivedAt);
    const latencies = Array.from(result.steady.scheduledAt, (scheduledAt, index) => {
      const at = receivedAt[trial.warmUp + trial.saturation.count + index] ?? NaN;
      return at - scheduledAt;
    });
    const { startedAt, settledAt } = result.saturation;
    return {
      perSecond: (trial.saturation.count * 1_000) / (settledAt - startedAt),
      p50Ms: percentile(latencies, 0.5),
      p99Ms: percentile(latencies, 0.99),
      rssMb: result.rssMb,
    };
  } finally {
    await service?.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function resultOf(trial: Trial): Promise<TrialResult> {
  const child = fork(PROGRAM, { serialization: 'advanced' });
  const exited = once(child, 'exit').then(([code]) => {
    throw new Error(`${trial.name} ended with ${String(code)} and without a result`);
  });
  child.send(trial);
  const [result] = (await Promise.race([once(child, 'message'), exited])) as [TrialResult];
  exited.catch(() => undefined); // it ends after its result
  return result;
}

/** Everything that was published is delivered, pending or dead, and what is delivered did arrive. */
function checkLedger(
  name: ContenderName,
  published: number,
  { ledger }: TrialResult,
  receivedAt: Float64Array,
): void {
  const { delivered, pending, dead } = ledger;
  const received = receivedAt.filter((at) => at > 0).length;
  const isExact =
    published === delivered + pending + dead && pending === 0 && received === published;
  if (isExact) return;
  throw new VoidRun(
    `${name}: published ${published}, delivered ${delivered}, pending ${pending}, dead ${dead}, received ${received}`,
  );
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

try {
  await main();
} catch (error) {
  process.stderr.write(
    `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  process.exitCode = error instanceof VoidRun ? EXIT_VOID : 1;
}
