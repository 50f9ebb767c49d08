import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { jest } from '@jest/globals';
import type { UndiciSender } from '../../modules/sending/index.js';
import type { Endpoint } from './endpoint.js';
import { outgoing, SendingRig, until } from './sending.js';

// Thousands of connections are opened here, on a machine that may be busy.
jest.setTimeout(120_000);

const ORIGINS = 3_000;
const AT_ONCE = 200;
const MAX_CONNECTIONS = 64;

/** Beyond this, something of every origin would have stayed: an undici client alone is more than 2 KiB. */
const MOST_GROWTH_BYTES = 2_000 * ORIGINS;

/** Each name is an address of its own in 127.0.0.0/8. */
const resolver = {
  resolve: (name: string) => {
    const index = Number(/\d+/.exec(name)?.[0]);
    return Promise.resolve([`127.1.${Math.floor(index / 250)}.${1 + (index % 250)}`]);
  },
};

describe('thousands of origins', () => {
  const rig = new SendingRig();

  afterEach(() => rig.close());

  it('leave neither sockets nor memory behind, and never use more than they may', async () => {
    const socketsBefore = openSockets();
    const endpoint = await rig.endpoint(undefined, { host: '0.0.0.0' });
    const sender = rig.sender({ resolver, maxConnections: MAX_CONNECTIONS, idleTimeoutMs: 500 });

    await sendToAll(sender, endpoint);
    const heapBefore = heapAfterCollection();
    const most = await sendToAll(sender, endpoint);
    const heapAfter = heapAfterCollection();

    expect(most).toBeGreaterThan(MAX_CONNECTIONS / 2);
    expect(most).toBeLessThanOrEqual(MAX_CONNECTIONS);
    expect(heapAfter - heapBefore).toBeLessThan(MOST_GROWTH_BYTES);

    await until(() => sender.connectionCount === 0 && endpoint.sockets.size === 0);
    expect(sender.originCount).toBe(0);
    await endpoint.close();
    await until(() => openSockets() <= socketsBefore);
  });

  /** @returns the most connections that were open at one time */
  async function sendToAll(sender: UndiciSender, endpoint: Endpoint): Promise<number> {
    const addresses = new Set<string | null>();
    let most = 0;
    for (let first = 0; first < ORIGINS; first += AT_ONCE) {
      const sending = Array.from({ length: AT_ONCE }, (_, index) =>
        sender.send(outgoing(endpoint.url(`origin-${first + index}.test`))),
      );
      most = Math.max(most, sender.connectionCount);
      for (const result of await Promise.all(sending)) {
        expect(result.verdict).toBe('success');
        addresses.add(result.remoteAddress);
      }
      most = Math.max(most, sender.connectionCount);
      expect(sender.originCount).toBeLessThanOrEqual(MAX_CONNECTIONS);
      expect(openSockets()).toBeLessThan(10 * MAX_CONNECTIONS);
      // They serve for the next round nothing but memory.
      endpoint.requests.length = 0;
    }
    expect(addresses.size).toBe(ORIGINS);
    return most;
  }
});

/** Sockets of this process: both ends of every connection, and listeners. Counted by the kernel, where it tells. */
function openSockets(): number {
  if (!existsSync('/proc/self/fd')) {
    return process.getActiveResourcesInfo().filter((name) => name.startsWith('TCP')).length;
  }
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith('socket:');
    } catch {
      // The descriptor of the listing itself is gone.
      return false;
    }
  }).length;
}

function heapAfterCollection(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
