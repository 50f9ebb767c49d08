import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { freePort, ServerProcess } from '../support/server-process.js';
import { deliveryLedger } from '../support/delivery-ledger.js';
import { RecordingReceiver } from '../support/recording-receiver.js';

/** Two dozen starts of a server, on a machine that may be busy. */
jest.setTimeout(300_000);

const KILLS = 20;
const EVENTS_PER_APPEND = 5;
/** Enough for much to be under way at each kill, and little to be worked off in the end. */
const APPEND_EVERY_MS = 50;
const RETRY = { kind: 'list', delaysMs: [50, 100, 200, 400, 800] } as const;

/** Webhooks whose endpoints answer well, fail twice per delivery, take their time, and always fail. */
const WEBHOOKS = ['steady', 'flaky', 'slow', 'dead'] as const;

interface DeliveryItem {
  readonly id: string;
  readonly webhookId: string;
  readonly eventId: string;
  readonly status: string;
  readonly attemptCount: number;
}

describe('a service that is killed at random moments under load', () => {
  let dataDir: string;
  let receiver: RecordingReceiver;
  let server: ServerProcess;
  let port: number;
  /** Ids of events whose append was acknowledged. */
  const appended = new Set<string>();

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'posthorn-kill-'));
    receiver = await RecordingReceiver.start();
    receiver.behave('/flaky', (_request, response, count) => {
      response.writeHead(count <= 2 ? 503 : 204).end();
    });
    receiver.behave('/slow', (_request, response) => {
      setTimeout(() => response.writeHead(204).end(), 150);
    });
    receiver.behave('/dead', (_request, response) => {
      response.writeHead(500).end();
    });
    port = await freePort();
    server = await new ServerProcess({ dataDir, port }).ready();
    for (const id of WEBHOOKS) {
      await server.call('POST', '/webhooks', {
        id,
        url: receiver.url(`/${id}`),
        eventTypes: ['order.*'],
        retry: RETRY,
        timeoutMs: 2_000,
      });
    }
  });

  afterAll(async () => {
    await server.kill();
    await receiver.close();
    await rm(dataDir, { recursive: true, force: true });
  });

  /** Appends until told to stop; an append that was not answered is tried again with the same ids. */
  async function produce(until: { isOver: boolean }): Promise<void> {
    for (let number = 0; !until.isOver; number++) {
      const events = Array.from({ length: EVENTS_PER_APPEND }, () => ({
        id: randomUUID(),
        type: 'order.placed',
        data: { number },
      }));
      const body = { stream: `order-${randomUUID()}`, expectedRevision: 'no_stream', events };
      while (!(await isAppended(body))) await new Promise((resolve) => setTimeout(resolve, 20));
      for (const { id } of events) appended.add(id);
      await new Promise((resolve) => setTimeout(resolve, APPEND_EVERY_MS));
    }
  }

  async function isAppended(body: object): Promise<boolean> {
    try {
      return (await server.call('POST', '/events', body)).status === 201;
    } catch {
      return false;
    }
  }

  async function allDeliveries(): Promise<DeliveryItem[]> {
    const items: DeliveryItem[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const query: string = cursor === '' ? '?limit=250' : `?limit=250&cursor=${cursor}`;
      const response = await server.call('GET', `/deliveries${query}`);
      const page = (await response.json()) as { items: DeliveryItem[]; nextCursor: string | null };
      items.push(...page.items);
      cursor = page.nextCursor;
    }
    return items;
  }

  const isSettled = (item: DeliveryItem): boolean =>
    item.status === 'succeeded' || item.status === 'dead-lettered';

  it('loses nothing, ends each delivery exactly once, and repeats only what was in flight', async () => {
    const production = { isOver: false };
    const producers = [produce(production), produce(production)];

    for (let kill = 0; kill < KILLS; kill++) {
      await new Promise((resolve) => setTimeout(resolve, 100 + Math.random() * 700));
      await server.kill();
      server = await new ServerProcess({ dataDir, port }).ready();
    }
    production.isOver = true;
    await Promise.all(producers);

    const expected = appended.size * WEBHOOKS.length;
    let deliveries = await allDeliveries();
    while (deliveries.filter(isSettled).length < expected) {
      await new Promise((resolve) => setTimeout(resolve, 200));
      deliveries = await allDeliveries();
    }
    expect(await server.stop()).toBe(0);

    // Every event that was appended has a delivery for every webhook, each of them ended: none lost.
    const byEvent = new Set(deliveries.map(({ eventId, webhookId }) => `${eventId} ${webhookId}`));
    const missing = [...appended].flatMap((eventId) =>
      WEBHOOKS.filter((webhookId) => !byEvent.has(`${eventId} ${webhookId}`)),
    );
    expect(missing).toEqual([]);
    const unexpected = deliveries.filter(
      ({ status, webhookId }) => status !== (webhookId === 'dead' ? 'dead-lettered' : 'succeeded'),
    );
    expect(unexpected).toEqual([]);

    // The log itself: one terminal event in each run, every attempt numbered once.
    const ledger = await deliveryLedger(dataDir);
    expect(ledger.deliveries).toBe(deliveries.length);
    expect(ledger.violations).toEqual([]);

    // What was received but not recorded was in flight at a kill; it came again under the same id.
    const recorded = new Map(deliveries.map(({ id, attemptCount }) => [id, attemptCount]));
    const received = new Map<string, number>();
    for (const { webhookId } of receiver.requests) {
      received.set(webhookId, (received.get(webhookId) ?? 0) + 1);
    }
    expect([...received.keys()].filter((id) => !recorded.has(id))).toEqual([]);
    const repeated = [...received].reduce(
      (sum, [id, count]) => sum + Math.max(0, count - (recorded.get(id) ?? 0)),
      0,
    );
    const mostInFlight = WEBHOOKS.length * 10;
    expect(repeated).toBeLessThanOrEqual(KILLS * mostInFlight);
    expect(deliveries.length).toBeGreaterThanOrEqual(KILLS * WEBHOOKS.length);
  });
});
