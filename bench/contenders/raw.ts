import { Pool } from 'undici';
import { type Contender, OutcomeCount, type StartContender } from '../contender.js';
import { MARK } from '../payloads.js';

/** The physical limit: posts and records nothing. */
export const startRaw: StartContender = ({ receiverUrl, concurrency }) => {
  const { origin, pathname } = new URL(receiverUrl);
  const pool = new Pool(origin, { connections: concurrency, pipelining: 1 });
  const outcomes = new OutcomeCount();
  const contender: Contender = {
    publish: async ({ data }) => {
      const body = JSON.stringify(data);
      if (!body.includes(MARK)) throw new Error('a payload without its mark');
      const response = await pool.request({
        path: pathname,
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      });
      await response.body.dump();
      if (response.statusCode >= 300) throw new Error(`answered ${response.statusCode}`);
      outcomes.add();
    },
    settled: (count) => outcomes.reached(count),
    ledger: () => Promise.resolve({ delivered: outcomes.count, pending: 0, dead: 0 }),
    stop: () => pool.close(),
  };
  return Promise.resolve(contender);
};
