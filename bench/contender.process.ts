import 'reflect-metadata';
import type { Arena, Contender, ContenderName, Ledger, StartContender } from './contender.js';
import { openLoop, type Published, saturate } from './load.js';

/** One contender in a process of its own: started, warmed up, loaded, asked for its ledger, stopped. */
export interface Trial {
  readonly name: ContenderName;
  readonly arena: Arena;
  readonly warmUp: number;
  readonly saturation: { readonly count: number; readonly inFlight: number };
  readonly steady: { readonly count: number; readonly perSecond: number };
}

export interface TrialResult {
  readonly saturation: Published;
  readonly steady: Published;
  readonly ledger: Ledger;
  /** Largest resident set of the process while it was loaded, in MiB. */
  readonly rssMb: number;
}

const STARTERS: Readonly<Record<ContenderName, () => Promise<StartContender>>> = {
  raw: async () => (await import('./contenders/raw.js')).startRaw,
  embedded: async () => (await import('./contenders/posthorn.js')).startPosthorn,
  wire: async () => (await import('./contenders/posthorn.js')).startPosthorn,
  bullmq: async () => (await import('./contenders/bullmq.js')).startBullmq,
  pgboss: async () => (await import('./contenders/pg-boss.js')).startPgBoss,
};

async function run(trial: Trial): Promise<TrialResult> {
  const start = await STARTERS[trial.name]();
  const contender = await start(trial.arena);
  let rss = 0;
  const watch = setInterval(() => {
    rss = Math.max(rss, process.memoryUsage.rss());
  }, 100);
  try {
    return { ...(await load(contender, trial)), rssMb: Math.round(rss / 1_048_576) };
  } finally {
    clearInterval(watch);
    await contender.stop();
  }
}

async function load(
  contender: Contender,
  { warmUp, saturation, steady }: Trial,
): Promise<Omit<TrialResult, 'rssMb'>> {
  await saturate(contender, { first: 0, count: warmUp, inFlight: saturation.inFlight });
  const saturated = await saturate(contender, { first: warmUp, ...saturation });
  const steadied = await openLoop(contender, { first: warmUp + saturation.count, ...steady });
  return { saturation: saturated, steady: steadied, ledger: await contender.ledger() };
}

process.on('message', (trial: Trial) => {
  run(trial).then(
    (result) => {
      process.send?.(result, () => process.exit(0));
    },
    (error: unknown) => {
      process.stderr.write(
        `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
      );
      process.exit(1);
    },
  );
});
