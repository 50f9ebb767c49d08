import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jsonEvent, type RecordedEvent } from '@eventstore/db-client';
import { type EventStore, openEmbeddedEventStore, StreamNames } from '../event-store/index.js';
import { SystemClock } from '../kernel/index.js';
import { deliveryIdOf } from './delivery-id.js';
import type { AttemptRecord, DeliveryEvent } from './delivery.events.js';
import { DeliveryJournal } from './delivery-journal.js';
import { originOf } from './dispatcher.js';
import { type HistoryReplay, PastEvents } from './past-events.js';

const names = new StreamNames();
const clock = new SystemClock();
const webhook = { id: 'orders', registration: 1 };

const attempt: AttemptRecord = {
  url: 'https://example.test/hook',
  startedAt: '2026-01-01T00:00:01.000Z',
  timings: { dnsMs: 1, connectMs: 1, tlsMs: 1, firstByteMs: 1, bodyMs: 1, totalMs: 5 },
  statusCode: 200,
  errorClass: null,
  errorMessage: null,
  remoteAddress: '192.0.2.1',
  responseHeaders: {},
  responseBody: '',
  isResponseTruncated: false,
};

let dataDir: string;
let store: EventStore;
let journal: DeliveryJournal;
let past: PastEvents;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'posthorn-past-'));
  store = await openEmbeddedEventStore({ dataDir });
  journal = new DeliveryJournal({
    client: store.client,
    names,
    clock,
    onRecorded: () => undefined,
  });
  const directory = { find: () => undefined, missingCode: () => null };
  past = new PastEvents({ journal, clock, instanceId: 'i-1', directory });
});

afterAll(async () => {
  await store.close();
  await rm(dataDir, { recursive: true, force: true });
});

/** An event that was recorded long ago, and the delivery that there may be of it. */
async function pastEvent() {
  const stream = `order-${randomUUID()}`;
  await store.client.appendToStream(stream, jsonEvent({ type: 'order.placed', data: {} }));
  const read: RecordedEvent[] = [];
  for await (const { event } of store.client.readStream(stream)) if (event) read.push(event);
  const [event] = read;
  if (!event) throw new Error('nothing was appended');
  const deliveryId = deliveryIdOf({
    webhookId: webhook.id,
    registration: webhook.registration,
    stream,
    eventId: event.id,
  });
  const request = { event, tenantId: null, webhook };
  return {
    deliveryId,
    request,
    replay: (mode: HistoryReplay['mode'], replayId: string) =>
      past.replay({ ...request, mode, replayId, requestedBy: 'ops', reason: 'a bug of ours' }),
    discard: async () => {
      const command = { kind: 'discard', now: 0, discardedBy: 'ops', reason: null } as const;
      await journal.record(deliveryId, command, await journal.load(deliveryId));
    },
    recorded: async () => {
      const events: DeliveryEvent[] = [];
      for await (const { event } of store.client.readStream(names.delivery(deliveryId))) {
        if (event) events.push(event as unknown as DeliveryEvent);
      }
      return events;
    },
    ended: (kind: 'success' | 'rejected') =>
      journal.record(deliveryId, {
        kind: 'record-attempt',
        origin: originOf(request, webhook),
        run: 1,
        claimId: null,
        trigger: 'live',
        attempt,
        outcome: kind === 'success' ? { kind } : { kind: 'refusal', reason: kind },
        owner: 'i-1',
        now: clock.now(),
      }),
  };
}

describe('an event of the past', () => {
  it('is scheduled once, however often it is asked for', async () => {
    const event = await pastEvent();

    await past.schedule(event.request);
    await past.schedule(event.request);

    expect(await event.recorded()).toMatchObject([
      { type: 'DeliveryScheduled', data: { reason: 'history', owner: 'i-1' } },
    ]);
  });

  it('is not recorded again after its delivery was purged', async () => {
    const event = await pastEvent();
    await event.ended('success');
    await store.client.tombstoneStream(names.delivery(event.deliveryId));

    await expect(past.schedule(event.request)).resolves.toBeUndefined();
  });
});

describe('a delivery that should be there', () => {
  it('is recorded when it is missing, once', async () => {
    const event = await pastEvent();

    expect(await past.reconcile(event.request)).toEqual(expect.any(BigInt));
    expect(await past.reconcile(event.request)).toBeNull();

    expect(await event.recorded()).toMatchObject([
      { type: 'DeliveryScheduled', data: { reason: 'reconciled' } },
    ]);
  });

  it('is left alone when it is there, whatever became of it', async () => {
    const event = await pastEvent();
    await event.ended('rejected');

    expect(await past.reconcile(event.request)).toBeNull();
    expect(await event.recorded()).toHaveLength(2);
  });

  it('is not missing when it was purged', async () => {
    const event = await pastEvent();
    await event.ended('success');
    await store.client.tombstoneStream(names.delivery(event.deliveryId));

    expect(await past.reconcile(event.request)).toBeNull();
  });
});

describe.each(['missing', 'all'] as const)('a replay of history in mode %s', (mode) => {
  it('schedules what has no delivery, and says so again when it is resumed', async () => {
    const event = await pastEvent();

    expect(await event.replay(mode, 'rpl_1')).toBe('scheduled');
    expect(await event.replay(mode, 'rpl_1')).toBe('scheduled');

    expect(await event.recorded()).toMatchObject([
      { type: 'DeliveryScheduled', data: { replayId: 'rpl_1' } },
    ]);
  });

  it('opens no second run for what it scheduled itself and was delivered since', async () => {
    const event = await pastEvent();
    await event.replay(mode, 'rpl_1');
    await event.ended('success');

    expect(await event.replay(mode, 'rpl_1')).toBe('scheduled');
    expect((await event.recorded()).at(-1)?.type).toBe('DeliverySucceeded');
  });

  it('opens a run for a dead letter, once', async () => {
    const event = await pastEvent();
    await event.ended('rejected');

    expect(await event.replay(mode, 'rpl_1')).toBe('replayed');
    expect(await event.replay(mode, 'rpl_1')).toBe('replayed');

    expect((await event.recorded()).slice(2)).toMatchObject([
      {
        type: 'DeliveryReplayRequested',
        data: { run: 2, replayId: 'rpl_1', requestedBy: 'ops', reason: 'a bug of ours' },
      },
    ]);
  });

  it('opens a run for what was discarded', async () => {
    const event = await pastEvent();
    await past.schedule(event.request);
    await event.discard();

    expect(await event.replay(mode, 'rpl_1')).toBe('replayed');
  });

  it('leaves alone what is still on its way', async () => {
    const event = await pastEvent();
    await past.schedule(event.request);

    expect(await event.replay(mode, 'rpl_1')).toBe('open');
    expect(await event.recorded()).toHaveLength(1);
  });

  it('says what was purged, and leaves it gone', async () => {
    const event = await pastEvent();
    await event.ended('success');
    await store.client.tombstoneStream(names.delivery(event.deliveryId));

    expect(await event.replay(mode, 'rpl_1')).toBe('purged');
  });

  it('schedules an event once when two instances take it up at the same time', async () => {
    const event = await pastEvent();

    const answers = await Promise.all([event.replay(mode, 'rpl_1'), event.replay(mode, 'rpl_1')]);

    expect(answers).toEqual(['scheduled', 'scheduled']);
    expect(await event.recorded()).toHaveLength(1);
  });
});

describe('what succeeded', () => {
  it('is left alone by a replay of what is missing', async () => {
    const event = await pastEvent();
    await event.ended('success');

    expect(await event.replay('missing', 'rpl_1')).toBe('succeeded');
    expect(await event.recorded()).toHaveLength(2);
  });

  it('gets a new run from each replay of all', async () => {
    const event = await pastEvent();
    await event.ended('success');

    expect(await event.replay('all', 'rpl_1')).toBe('replayed');
    expect(await event.replay('all', 'rpl_2')).toBe('open');
  });
});
