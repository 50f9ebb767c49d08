import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { jsonEvent } from '@eventstore/db-client';
import type { DeliveryEvent } from '../../modules/delivery/index.js';
import { StreamNames } from '../../modules/event-store/index.js';
import type { ReplayItem } from '../../src/index.js';
import { deliveryLedger } from '../support/delivery-ledger.js';
import { prefixIn } from '../support/installation.js';
import { openStoreIn } from '../support/open-store.js';
import { RecordingReceiver } from '../support/recording-receiver.js';
import { freePort, ServerProcess } from '../support/server-process.js';

/** A hundred thousand events, on a machine that may be busy with other things. */
jest.setTimeout(600_000);

const PAST_EVENTS = 100_000;
/** One in so many is of a type that the webhook asks for. */
const ONE_IN = 5;
const EVENTS_PER_APPEND = 1_000;
const LIVE_PAUSE_MS = 40;
/** Requests that a kill can interrupt, so that they are made again: all that are under way to the webhook. */
const CONCURRENCY = 50;
/** A new event that had to wait for the history would take as long as the history does. */
const LONGEST_LIVE_MS = 5_000;

describe('a webhook registered from the beginning of a large store', () => {
  /** Event types of this run alone: the store may hold those of others. */
  const run = randomUUID().slice(0, 8);
  const WANTED = `order-${run}.placed`;
  const OTHER = `invoice-${run}.sent`;
  /** Ids of the events that the webhook asks for: of the past, and new ones. */
  const wanted = new Set<string>();
  /** When each event for another webhook was appended, and how long those that were received took. */
  const appendedAt = new Map<string, number>();
  let latencies: number[] = [];
  let dataDir: string;
  let receiver: RecordingReceiver;
  let server: ServerProcess;
  let port: number;

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'posthorn-history-'));
    await fillStore();
    receiver = await RecordingReceiver.start();
    receiver.behave('/other', ({ body }, response) => {
      response.writeHead(204).end();
      const { eventId } = (JSON.parse(body) as { metadata: { eventId: string } }).metadata;
      latencies.push(performance.now() - (appendedAt.get(eventId) ?? -Infinity));
    });
    port = await freePort();
    server = await new ServerProcess({ dataDir, port }).ready();
    await register('other', 'now', OTHER);
  });

  afterAll(async () => {
    await server.kill();
    await receiver.close();
    await rm(dataDir, { recursive: true, force: true });
  });

  async function fillStore(): Promise<void> {
    const store = await openStoreIn(dataDir);
    for (let start = 0; start < PAST_EVENTS; start += EVENTS_PER_APPEND) {
      const events = Array.from({ length: EVENTS_PER_APPEND }, (_, index) => {
        const id = randomUUID();
        const isWanted = index % ONE_IN === 0;
        if (isWanted) wanted.add(id);
        return jsonEvent({ id, type: isWanted ? WANTED : `cart-${run}.touched`, data: { start } });
      });
      await store.client.appendToStream(`order-${randomUUID()}`, events);
    }
    await store.close();
  }

  async function register(id: string, startFrom: string, eventType: string): Promise<void> {
    const body = { id, url: receiver.url(`/${id}`), eventTypes: [eventType], startFrom };
    await server.call('POST', '/webhooks', { ...body, concurrency: CONCURRENCY });
  }

  async function isAppended(body: object): Promise<boolean> {
    const answer = await server.call('POST', '/events', body).catch(() => undefined);
    await pause(LIVE_PAUSE_MS);
    return answer?.status === 201;
  }

  /** Appends new events, one for each webhook, until told to stop. */
  async function produce(until: { isOver: boolean }): Promise<void> {
    while (!until.isOver) {
      const [id, other] = [randomUUID(), randomUUID()];
      const events = [
        { id, type: WANTED, data: {} },
        { id: other, type: OTHER, data: {} },
      ];
      const body = { stream: `order-${randomUUID()}`, events };
      wanted.add(id);
      // What a kill left unanswered is repeated with the same ids.
      do appendedAt.set(other, performance.now());
      while (!(await isAppended(body)));
    }
  }

  /** Does `work` while new events flow. @returns how long these took, in milliseconds */
  async function withNewEvents(work: () => Promise<unknown>): Promise<readonly number[]> {
    latencies = [];
    const production = { isOver: false };
    const producing = produce(production);
    await work();
    production.isOver = true;
    await producing;
    return latencies;
  }

  /** Deliveries to the webhook of which a request was received. */
  const received = new Set<string>();
  const untilReceived = (count: number): Promise<void> =>
    receiver.until(() => {
      for (const request of receiver.requests.splice(0)) {
        requests.push(request.webhookId);
        if (request.path === '/late') received.add(request.webhookId);
      }
      return received.size >= count;
    });
  const requests: string[] = [];

  async function history(): Promise<ReplayItem | undefined> {
    const answer = await server.call('GET', '/replays?webhookId=late');
    return ((await answer.json()) as { items: ReplayItem[] }).items[0];
  }

  /** The event of each delivery to the webhook, and what the log says of it, once the server has stopped. */
  async function recorded(): Promise<Map<string, { eventId: string; events: string[] }>> {
    const names = new StreamNames(prefixIn(dataDir));
    const deliveries = new Map<string, { eventId: string; events: string[] }>();
    const store = await openStoreIn(dataDir);
    for await (const { event } of store.client.readAll()) {
      const id = event && names.deliveryIdOf(event.streamId);
      if (id === undefined) continue;
      const { data, type } = event as unknown as DeliveryEvent;
      if ('origin' in data && data.origin.webhookId === 'late') {
        deliveries.set(id, { eventId: data.origin.eventId, events: [] });
      }
      deliveries.get(id)?.events.push(type);
    }
    await store.close();
    return deliveries;
  }

  it('gets each of them once while new events keep flowing, also when the process is killed', async () => {
    const matching = PAST_EVENTS / ONE_IN;
    const quietMs = await withNewEvents(() => pause(2_000));
    const startedAt = performance.now();

    const busyMs = await withNewEvents(async () => {
      await register('late', 'beginning', WANTED);
      await untilReceived(matching / 3);
    });
    await withNewEvents(async () => {
      await server.kill();
      server = await new ServerProcess({ dataDir, port }).ready();
      await untilReceived(matching);
    });
    await untilReceived(wanted.size);
    const tookMs = performance.now() - startedAt;
    while ((await history())?.status !== 'completed') await pause(100);
    const replay = await history();
    expect(await server.stop()).toBe(0);

    // In the log: one delivery for each event, scheduled at most once, and ended once.
    const deliveries = [...(await recorded()).values()];
    expect(deliveries).toHaveLength(wanted.size);
    expect(new Set(deliveries.map(({ eventId }) => eventId))).toEqual(wanted);
    const countOf = (type: string) => (delivery: { events: string[] }) =>
      delivery.events.filter((event) => event === type).length;
    expect(deliveries.filter((delivery) => countOf('DeliverySucceeded')(delivery) !== 1)).toEqual(
      [],
    );
    expect(deliveries.filter((delivery) => countOf('DeliveryScheduled')(delivery) > 1)).toEqual([]);
    expect(await deliveryLedger(dataDir)).toMatchObject({ open: 0, violations: [] });
    expect(replay?.progress.matched).toBeGreaterThanOrEqual(matching);

    // At the endpoints: a request was made again only where the kill had interrupted it; nobody waited for the history.
    expect(requests.length - new Set(requests).size).toBeLessThanOrEqual(2 * CONCURRENCY);
    expect(quantile(busyMs, 0.99)).toBeLessThan(LONGEST_LIVE_MS);
    report({ quietMs, busyMs, tookMs, deliveries: deliveries.length });
  });
});

/** Figures for whoever runs this to measure: `POSTHORN_TEST_FIGURES=1`. */
function report(run: {
  readonly quietMs: readonly number[];
  readonly busyMs: readonly number[];
  readonly tookMs: number;
  readonly deliveries: number;
}): void {
  if (!process.env['POSTHORN_TEST_FIGURES']) return;
  const shown = (latencies: readonly number[]): string =>
    [0.5, 0.95, 0.99]
      .map((part) => `p${part * 100} ${Math.round(quantile(latencies, part))}`)
      .join(' ');
  process.stderr.write(
    `${run.deliveries} deliveries in ${Math.round(run.tookMs)} ms, the restart included; ` +
      `a new event takes, in ms: ${shown(run.quietMs)} alone, ${shown(run.busyMs)} beside the history\n`,
  );
}

function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
