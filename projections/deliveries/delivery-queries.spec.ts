import { Logger } from '@nestjs/common';
import { DEAD_LETTERS, type DeadLetters } from '../../modules/replay/dead-letters.port.js';
import { DeliveryStories, type StoryStep } from '../../test/support/delivery-stories.js';
import { ProjectionsApplication } from '../../test/support/projections-application.js';
import { DeliveryPages } from './delivery-pages.js';
import { GetDeadLetters } from './get-dead-letters.query.js';
import {
  type DeliveriesPage,
  GetDeliveries,
  type GetDeliveriesOptions,
} from './get-deliveries.query.js';
import { GetDelivery } from './get-delivery.query.js';
import { GetUndelivered } from './get-undelivered.query.js';

/** What happens to each delivery: the n-th list is the life of delivery n. */
const LIVES: readonly (readonly StoryStep[])[] = [
  ['succeed'],
  ['fail'],
  ['refuse'],
  ['schedule'],
  ['schedule', 'claim'],
  ['fail', 'fail', 'succeed'],
  ['dead-letter'],
  ['schedule', 'discard'],
  ['refuse', 'replay'],
  ['succeed'],
  ['succeed'],
  ['refuse'],
];

const stories = new DeliveryStories();
let application: ProjectionsApplication;
let position: bigint;

beforeAll(async () => {
  Logger.overrideLogger(false);
  application = await ProjectionsApplication.start();
  for (const [index, steps] of LIVES.entries()) {
    for (const step of steps) stories.step(index, step);
  }
  position = await application.world.append(stories);
});

afterAll(async () => {
  await application.close();
});

function idOf(index: number): string {
  return `dlv_${String(index).padStart(6, '0')}`;
}

function indexesOf({ items }: DeliveriesPage): number[] {
  return items.map(({ id }) => Number(id.slice(4)));
}

function deliveries(options: GetDeliveriesOptions = {}): Promise<DeliveriesPage> {
  return application.queries.execute(new GetDeliveries({ minPosition: position, ...options }));
}

describe('GetDeliveries', () => {
  it('gives all deliveries, newest first, with their exact number', async () => {
    const page = await deliveries();
    expect(indexesOf(page)).toEqual([11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
    expect(page).toMatchObject({ total: 12, nextCursor: null });
  });

  it('shows what the REST face shows of a delivery', async () => {
    const { items } = await deliveries({ eventId: 'event-1', webhookId: 'webhook-2' });
    expect(items).toEqual([
      {
        id: idOf(2),
        webhookId: 'webhook-2',
        tenantId: 'tenant-2',
        eventId: 'event-1',
        eventType: 'order.type-2',
        stream: 'order-2',
        revision: '2',
        position: expect.stringMatching(/^\d+$/),
        status: 'dead-lettered',
        attemptCount: 1,
        nextAttemptAt: null,
        isWaitingInOrder: false,
        lastStatusCode: 400,
        lastErrorClass: 'http_status',
        createdAt: expect.stringMatching(/^\d{4}-.*Z$/),
        completedAt: expect.stringMatching(/^\d{4}-.*Z$/),
      },
    ]);
  });

  it.each<[GetDeliveriesOptions, number[]]>([
    [{ webhookId: 'webhook-1' }, [10, 7, 4, 1]],
    [{ tenantId: 'tenant-2' }, [11, 8, 5, 2]],
    [{ status: 'succeeded' }, [10, 9, 5, 0]],
    [{ status: 'dead-lettered' }, [11, 6, 2]],
    [{ status: 'scheduled' }, [8, 3]],
    [{ status: 'attempting' }, [4]],
    [{ status: 'retrying' }, [1]],
    [{ status: 'discarded' }, [7]],
    [{ eventType: 'order.type-1' }, [9, 5, 1]],
    [{ eventId: 'event-2' }, [5, 4]],
    [{ stream: 'order-1' }, [11, 6, 1]],
    [{ statusCode: 503 }, [1]],
    [{ statusCode: 400 }, [11, 8, 2]],
    [{ webhookId: 'webhook-2', status: 'dead-lettered' }, [11, 2]],
    [{ tenantId: 'tenant-1', webhookId: 'webhook-1', statusCode: 200 }, [10]],
    [{ stream: 'order-1', status: 'dead-lettered', eventType: 'order.type-2' }, [6]],
    [{ eventType: 'order.type-2', statusCode: 200 }, [10]],
    [{ webhookId: 'nobody' }, []],
    [{ eventId: 'never' }, []],
  ])('filters by %j', async (options, indexes) => {
    expect(indexesOf(await deliveries(options))).toEqual(indexes);
    const first = await deliveries({ ...options, limit: 1 });
    expect(indexesOf(first)).toEqual(indexes.slice(0, 1));
  });

  it('gives totals where counts are kept, and none elsewhere', async () => {
    expect((await deliveries({ webhookId: 'webhook-1', limit: 1 })).total).toBe(4);
    expect((await deliveries({ tenantId: 'tenant-2', status: 'dead-lettered' })).total).toBe(2);
    expect((await deliveries({ status: 'succeeded', limit: 2 })).total).toBe(4);
    expect((await deliveries({ webhookId: 'nobody' })).total).toBe(0);
    expect(await deliveries({ eventType: 'order.type-1' })).not.toHaveProperty('total');
    expect(await deliveries({ from: 0 })).not.toHaveProperty('total');
  });

  it('filters by the time of creation, from inclusive, to exclusive', async () => {
    const times = (await deliveries()).items.map(({ createdAt }) => Date.parse(createdAt));
    const from = Math.min(...times);
    const to = Math.max(...times);
    expect(indexesOf(await deliveries({ from, to: to + 1 }))).toHaveLength(12);
    const before = times.filter((time) => time < to).length;
    expect(indexesOf(await deliveries({ from, to }))).toHaveLength(before);
    expect(indexesOf(await deliveries({ from: to + 1 }))).toEqual([]);
    expect(indexesOf(await deliveries({ to: from, stream: 'order-1' }))).toEqual([]);
  });

  it.each<GetDeliveriesOptions>([
    {},
    { webhookId: 'webhook-2' },
    { status: 'succeeded' },
    { stream: 'order-1' },
    { webhookId: 'webhook-2', statusCode: 400 },
    { from: 0, to: 9e15 },
  ])('gives each delivery once over the pages of %j', async (options) => {
    const whole = indexesOf(await deliveries(options));
    const paged: number[] = [];
    let cursor: string | null | undefined;
    do {
      const page = await deliveries({ ...options, limit: 2, cursor: cursor ?? undefined });
      paged.push(...indexesOf(page));
      cursor = page.nextCursor;
    } while (cursor !== null);
    expect(paged).toEqual(whole);
  });

  it('refuses a cursor that was altered, or belongs to another question', async () => {
    const { nextCursor } = await deliveries({ limit: 2 });
    const cursor = nextCursor ?? '';
    const invalid = { code: 'PSH_PROJECTION_CURSOR_INVALID' };
    const other = Buffer.from('[5,"abc"]').toString('base64url');
    for (const wrong of ['', 'x', `${cursor}x`.slice(1), other]) {
      await expect(deliveries({ cursor: wrong })).rejects.toMatchObject(invalid);
    }
    await expect(deliveries({ cursor, status: 'succeeded' })).rejects.toMatchObject(invalid);
    await expect(application.queries.execute(new GetDeadLetters({ cursor }))).rejects.toMatchObject(
      invalid,
    );
  });

  it('names everything that is wrong with a query at once', async () => {
    const wrong = { limit: 0, from: Number.NaN, statusCode: 2.5, status: 'lost' as 'succeeded' };
    await expect(deliveries(wrong)).rejects.toMatchObject({
      code: 'PSH_PROJECTION_QUERY_INVALID',
      problems: [
        { field: 'status' },
        { field: 'from' },
        { field: 'statusCode' },
        { field: 'limit' },
      ],
    });
    await expect(deliveries({ limit: 251 })).rejects.toMatchObject({ status: 400 });
  });
});

describe('a page of a search that no index holds together', () => {
  it('ends after so many deliveries that were looked at, and the next goes on from there', async () => {
    const pages = application.module.get(DeliveryPages);
    const search = { webhookId: 'webhook-2', statusCode: 200 };
    const found: string[] = [];
    const sizes: number[] = [];
    let cursor: string | null | undefined;
    do {
      const page = await pages.page('test', search, { cursor: cursor ?? undefined }, 3);
      found.push(...page.rows.map(({ id }) => id));
      sizes.push(page.rows.length);
      cursor = page.nextCursor;
    } while (cursor !== null);
    expect(found).toEqual([idOf(5)]);
    expect(sizes).toEqual([1, 0]); // of deliveries 11, 8 and 5; then of 2
  });
});

describe('GetDelivery', () => {
  it('gives a delivery with its attempts', async () => {
    const details = await application.queries.execute(
      new GetDelivery(idOf(5), { minPosition: String(position) }),
    );
    expect(details).toMatchObject({
      id: idOf(5),
      status: 'succeeded',
      attemptCount: 3,
      run: 1,
      registration: 1,
      position: '1005',
      deadLetterReason: null,
      decisions: [],
    });
    expect(details?.attempts).toHaveLength(3);
    expect(details?.attempts[0]).toEqual({
      number: 1,
      run: 1,
      trigger: 'live',
      url: 'https://example.com/hooks',
      startedAt: expect.any(String),
      timings: {
        dnsMs: 1.5,
        connectMs: 2.25,
        tlsMs: null,
        firstByteMs: 20,
        bodyMs: 0.5,
        totalMs: 25,
      },
      statusCode: 503,
      errorClass: 'http_status',
      errorMessage: 'the endpoint answered 503',
      remoteAddress: '192.0.2.1',
      responseHeaders: { 'content-type': 'text/plain' },
      responseBody: 'not now',
      isResponseTruncated: false,
      nextAttemptAt: expect.any(String),
      isLate: false,
    });
  });

  it('tells why it ended, and who asked for a replay', async () => {
    const details = await application.queries.execute(new GetDelivery(idOf(8)));
    expect(details).toMatchObject({ status: 'scheduled', run: 2, runAttemptCount: 0 });
    expect(details?.decisions).toMatchObject([
      { kind: 'dead-lettered', run: 1, reason: 'rejected', by: null },
      { kind: 'replay-requested', run: 2, reason: 'fixed', by: 'operator' },
    ]);
  });

  it('gives null for an id that no delivery has', async () => {
    expect(await application.queries.execute(new GetDelivery('dlv_none'))).toBeNull();
  });
});

describe('GetDeadLetters', () => {
  it('gives dead letters with their final errors and their exact number', async () => {
    const page = await application.queries.execute(new GetDeadLetters({ limit: 2 }));
    expect(page.total).toBe(3);
    expect(page.nextCursor).not.toBeNull();
    expect(page.items).toMatchObject([
      {
        id: idOf(11),
        finalError: { reason: 'rejected', errorClass: 'http_status', statusCode: 400 },
      },
      {
        id: idOf(6),
        finalError: {
          reason: 'poison_event',
          errorClass: null,
          errorMessage: 'the payload is not JSON',
          statusCode: null,
        },
      },
    ]);
  });
});

describe('GetUndelivered', () => {
  it('gives what did not succeed for a webhook, pending ones too', async () => {
    const page = await application.queries.execute(new GetUndelivered({ webhookId: 'webhook-1' }));
    expect(indexesOf(page)).toEqual([7, 4, 1]);
    expect(page.total).toBe(3);
  });
});

describe('the dead letters of a bulk replay', () => {
  let deadLetters: DeadLetters;

  beforeAll(() => {
    deadLetters = application.module.get(DEAD_LETTERS);
  });

  it('are counted and paged by id', async () => {
    expect(await deadLetters.count({})).toBe(3);
    expect(await deadLetters.page({ filter: {}, minPosition: -1n, limit: 2 })).toEqual([
      idOf(2),
      idOf(6),
    ]);
    expect(
      await deadLetters.page({ filter: {}, minPosition: -1n, limit: 2, afterId: idOf(6) }),
    ).toEqual([idOf(11)]);
  });

  it('are those that every part of the filter holds for', async () => {
    const webhookId = 'webhook-2';
    expect(await deadLetters.count({ webhookId })).toBe(2);
    expect(await deadLetters.page({ filter: { webhookId }, minPosition: -1n, limit: 9 })).toEqual([
      idOf(2),
      idOf(11),
    ]);
    expect(await deadLetters.count({ webhookId, eventType: 'order.type-3' })).toBe(1);
    expect(await deadLetters.count({ tenantId: 'tenant-1' })).toBe(0);
    expect(await deadLetters.count({ from: 0, to: 1 })).toBe(0);
  });
});
