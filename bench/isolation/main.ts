import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Receiver } from '../receiver.js';
import { median, percentile } from '../report.js';
import type { Neighbourhood, QuietResult } from './installation.process.js';

const PROGRAM = fileURLToPath(new URL('./installation.process.js', import.meta.url));
const QUIET_PER_SECOND = 50;
const NOISY_PER_SECOND = 10 * QUIET_PER_SECOND;
const FULL = { rounds: 5, warmUpSeconds: 5, seconds: 20 };
const QUICK = { rounds: 2, warmUpSeconds: 3, seconds: 8 };
/** The ledger of a run does not balance: its figures mean nothing. */
const EXIT_VOID = 3;

/** What the neighbour of the quiet tenant is like. */
const NEIGHBOURS = ['none', 'well', 'hanging'] as const;
type Neighbour = (typeof NEIGHBOURS)[number];

interface Latency {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

class VoidRun extends Error {}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { quick: { type: 'boolean', default: false }, rounds: { type: 'string' } },
  });
  const size = values.quick ? QUICK : FULL;
  const rounds = Number(values.rounds ?? size.rounds);
  const quiet = await Receiver.start();
  const well = await Receiver.start();
  const hanging = createServer((request) => request.resume()).listen(0, '127.0.0.1');
  await once(hanging, 'listening');
  const urls: Readonly<Record<Neighbour, string | null>> = {
    none: null,
    well: well.url,
    hanging: `http://127.0.0.1:${(hanging.address() as AddressInfo).port}/`,
  };
  const measured: Readonly<Record<Neighbour, Latency[]>> = { none: [], well: [], hanging: [] };
  say(`a quiet tenant with ${QUIET_PER_SECOND} events/s beside one with ${NOISY_PER_SECOND}/s`);
  try {
    for (let round = 0; round < rounds; round++) {
      for (let turn = 0; turn < NEIGHBOURS.length; turn++) {
        const neighbour = NEIGHBOURS[(round + turn) % NEIGHBOURS.length] ?? 'none';
        await well.expect((size.warmUpSeconds + size.seconds) * NOISY_PER_SECOND);
        const latency = await measure(quiet, urls[neighbour], size);
        measured[neighbour].push(latency);
        const { p50Ms, p99Ms } = latency;
        say(
          `round ${round + 1}  neighbour ${neighbour.padEnd(8)} p50 ${p50Ms.toFixed(2)} ms   p99 ${p99Ms.toFixed(2)} ms`,
        );
      }
    }
  } finally {
    hanging.closeAllConnections();
    hanging.close();
    await Promise.all([quiet.close(), well.close()]);
  }
  process.stdout.write(`${JSON.stringify(summarise(measured))}\n`);
}

async function measure(
  receiver: Receiver,
  noisyUrl: string | null,
  { seconds, warmUpSeconds }: typeof FULL,
): Promise<Latency> {
  const folder = await mkdtemp(join(tmpdir(), 'posthorn-isolation-'));
  const published = (warmUpSeconds + seconds) * QUIET_PER_SECOND;
  await receiver.expect(published);
  try {
    const { delivered, scheduledAt } = await resultOf({
      dataDir: join(folder, 'data'),
      quietUrl: receiver.url,
      noisyUrl,
      quietPerSecond: QUIET_PER_SECOND,
      noisyPerSecond: NOISY_PER_SECOND,
      warmUpSeconds,
      seconds,
    });
    const { receivedAt, repeats } = await receiver.report();
    const received = receivedAt.filter((at) => at > 0).length;
    if (delivered !== published || received !== published || repeats > 0) {
      throw new VoidRun(
        `published ${published}, delivered ${delivered}, received ${received}, twice ${repeats}`,
      );
    }
    const first = warmUpSeconds * QUIET_PER_SECOND;
    const latencies = Array.from(
      scheduledAt,
      (at, index) => (receivedAt[first + index] ?? NaN) - at,
    );
    return { p50Ms: percentile(latencies, 0.5), p99Ms: percentile(latencies, 0.99) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function resultOf(neighbourhood: Neighbourhood): Promise<QuietResult> {
  const child = fork(PROGRAM, { serialization: 'advanced' });
  const exited = once(child, 'exit').then(([code]) => {
    throw new Error(`the installation ended with ${String(code)} and without a result`);
  });
  child.send(neighbourhood);
  const [result] = (await Promise.race([once(child, 'message'), exited])) as [QuietResult];
  await exited.catch(() => undefined);
  return result;
}

/** Medians over the rounds; a ratio is the median of the ratios of each round. */
function summarise(measured: Readonly<Record<Neighbour, readonly Latency[]>>): object {
  const over = (other: Neighbour): number =>
    median(
      measured.hanging.map(({ p99Ms }, round) => p99Ms / (measured[other][round]?.p99Ms ?? NaN)),
    );
  const latency = (neighbour: Neighbour): Latency => ({
    p50Ms: rounded(median(measured[neighbour].map(({ p50Ms }) => p50Ms))),
    p99Ms: rounded(median(measured[neighbour].map(({ p99Ms }) => p99Ms))),
  });
  return {
    none: latency('none'),
    well: latency('well'),
    hanging: latency('hanging'),
    hangingOverWell: rounded(over('well')),
    hangingOverNone: rounded(over('none')),
  };
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

try {
  await main();
} catch (error) {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`${text}\n`);
  process.exitCode = error instanceof VoidRun ? EXIT_VOID : 1;
}
