import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { deliveryLedger } from '../support/delivery-ledger.js';
import { EventStoreProcess } from '../support/event-store-process.js';
import { OrderedEndpoint, upTo } from '../support/ordered-endpoint.js';
import { RecordingReceiver } from '../support/recording-receiver.js';
import { onEmbeddedStore } from '../support/installation.js';
import { freePort, ServerProcess } from '../support/server-process.js';

/** Three servers and an event store, each started many times, on a machine that may be busy. */
jest.setTimeout(420_000);

const INSTANCES = 3;
/** In each round one instance is killed; in each third the event store as well. */
const ROUNDS = 15;
const ROUND_MS = 1_500;
const EVENTS_PER_APPEND = 5;
const RETRY = { kind: 'list', delaysMs: [50, 100, 200, 400, 800, 1_600] } as const;

/**
 * Webhooks whose endpoints answer well, fail twice per delivery, take their time, always fail, and fail once for each
 * second event, whose stream they are told in order.
 */
const WEBHOOKS = ['steady', 'flaky', 'slow', 'dead', 'ordered'] as const;

interface DeliveryItem {
  readonly id: string;
  readonly webhookId: string;
  readonly eventId: string;
  readonly status: string;
}

interface Instance {
  readonly dataDir: string;
  readonly port: number;
  process: ServerProcess;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

onEmbeddedStore(
  'three instances on one event store, all of which are killed again and again',
  () => {
    let folder: string;
    let receiver: RecordingReceiver;
    let ordered: OrderedEndpoint;
    let eventStorePort: number;
    let eventStore: EventStoreProcess;
    const instances: Instance[] = [];
    /** Ids of events whose append was acknowledged. */
    const appended = new Set<string>();
    const env = {
      POSTHORN_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
      POSTHORN_API_TOKEN: randomBytes(24).toString('base64url'),
      POSTHORN_LOG_LEVEL: 'warn',
    };

    const eventStoreDir = (): string => join(folder, 'event-store');

    function startEventStore(): Promise<EventStoreProcess> {
      return new EventStoreProcess({ dataDir: eventStoreDir(), port: eventStorePort }).ready();
    }

    function startInstance(dataDir: string, port: number): ServerProcess {
      const EVENTSTORE_URL = eventStore.connectionString;
      return new ServerProcess({ dataDir, port, env: { ...env, EVENTSTORE_URL } });
    }

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'posthorn-instances-'));
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
      ordered = new OrderedEndpoint(
        receiver,
        '/ordered',
        ({ number }, count) => number % 2 === 0 && count === 1,
      );
      eventStorePort = await freePort();
      eventStore = await startEventStore();
      for (let number = 1; number <= INSTANCES; number++) {
        const dataDir = join(folder, `instance-${number}`);
        const port = await freePort();
        instances.push({ dataDir, port, process: startInstance(dataDir, port) });
      }
      await Promise.all(instances.map(({ process }) => process.ready()));
      for (const id of WEBHOOKS) {
        const url = receiver.url(`/${id}`);
        const body = {
          ...{ id, url, eventTypes: ['order.*'], retry: RETRY, timeoutMs: 2_000 },
          ...(id === 'ordered' && { ordering: { by: 'source-stream' } }),
        };
        const { status } = await call('POST', '/webhooks', body);
        if (status !== 201) throw new Error(`webhook ${id} was not registered: ${status}`);
      }
    });

    afterAll(async () => {
      await Promise.all(instances.map(({ process }) => process.kill()));
      await eventStore.kill();
      await receiver.close();
      await rm(folder, { recursive: true, force: true });
    });

    /** Calls any of the instances. */
    function call(method: string, path: string, body?: unknown): Promise<Response> {
      const one = instances[Math.floor(Math.random() * instances.length)];
      if (!one) throw new Error('no instance');
      return one.process.call(method, path, body, AbortSignal.timeout(5_000));
    }

    /** Appends until told to stop; an append that was not answered is tried again, anywhere, with the same ids. */
    async function produce(until: { isOver: boolean }): Promise<void> {
      while (!until.isOver) {
        const stream = `order-${randomUUID()}`;
        const events = upTo(EVENTS_PER_APPEND).map((number) => ({
          id: randomUUID(),
          type: 'order.placed',
          data: { stream, number },
        }));
        const body = { stream, expectedRevision: 'no_stream', events };
        while (!(await isAppended(body))) await pause(20);
        for (const { id } of events) appended.add(id);
        await pause(20);
      }
    }

    async function isAppended(body: object): Promise<boolean> {
      try {
        return (await call('POST', '/events', body)).status === 201;
      } catch {
        return false;
      }
    }

    async function allDeliveries(one: ServerProcess): Promise<DeliveryItem[]> {
      const items: DeliveryItem[] = [];
      for (let cursor: string | null = ''; cursor !== null;) {
        const query: string = cursor === '' ? '?limit=250' : `?limit=250&cursor=${cursor}`;
        const response = await one.call('GET', `/deliveries${query}`);
        const page = (await response.json()) as {
          items: DeliveryItem[];
          nextCursor: string | null;
        };
        items.push(...page.items);
        cursor = page.nextCursor;
      }
      return items;
    }

    const isSettled = ({ status }: DeliveryItem): boolean =>
      status === 'succeeded' || status === 'dead-lettered';

    async function killOneInstance(round: number): Promise<void> {
      const one = instances[round % INSTANCES];
      if (!one) throw new Error('no instance');
      await one.process.kill();
      one.process = startInstance(one.dataDir, one.port);
    }

    it('loses nothing, and ends each run exactly once', async () => {
      const production = { isOver: false };
      const producers = [produce(production), produce(production)];

      for (let round = 0; round < ROUNDS; round++) {
        await pause(ROUND_MS * (0.5 + Math.random()));
        await killOneInstance(round);
        if (round % 3 === 2) {
          await eventStore.kill();
          await pause(Math.random() * 500);
          eventStore = await startEventStore();
        }
      }
      production.isOver = true;
      await Promise.all(producers);
      await Promise.all(instances.map(({ process }) => process.ready()));

      // every instance tells the same in the end: each event has ended for each webhook
      const expected = appended.size * WEBHOOKS.length;
      for (const { process } of instances) {
        while ((await allDeliveries(process)).filter(isSettled).length < expected) await pause(500);
      }
      const [first] = instances;
      const deliveries = first ? await allDeliveries(first.process) : [];
      const byEvent = new Set(
        deliveries.map(({ eventId, webhookId }) => `${eventId} ${webhookId}`),
      );
      const missing = [...appended].flatMap((eventId) =>
        WEBHOOKS.filter((webhookId) => !byEvent.has(`${eventId} ${webhookId}`)),
      );
      expect(missing).toEqual([]);
      const unexpected = deliveries.filter(
        ({ status, webhookId }) =>
          status !== (webhookId === 'dead' ? 'dead-lettered' : 'succeeded'),
      );
      expect(unexpected).toEqual([]);
      expect(deliveries).toHaveLength(expected);

      // all of them end when they are told to
      const ends = await Promise.all(instances.map(({ process }) => process.stop()));
      expect(ends).toEqual([0, 0, 0]);
      expect(await eventStore.stop()).toBe(0);

      // the log itself: one terminal event in each run, every attempt numbered once
      const ledger = await deliveryLedger(eventStoreDir());
      expect(ledger).toMatchObject({ deliveries: expected, open: 0, violations: [] });

      // what is delivered was received, under its id
      const received = new Set(receiver.requests.map(({ webhookId }) => webhookId));
      expect(deliveries.filter(({ id }) => !received.has(id))).toEqual([]);

      // and each stream in its order, whoever delivered what of it
      const streams = Object.values(ordered.accepted);
      expect(streams.flat()).toHaveLength(appended.size);
      expect(streams.filter((numbers) => String(numbers) !== '0,1,2,3,4')).toEqual([]);
    });
  },
);
