import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import type { Compilable } from 'kysely';
import { PROJECTIONS } from '../catalog.js';
import { ReadModelWriter } from '../runtime/read-model-writer.js';
import { DeliveryListing, type SeqRange } from './delivery-listing.js';
import type { DeliverySearch } from './delivery-search.js';
import { seqOf } from './get-delivery.query.js';

const folder = mkdtempSync(join(tmpdir(), 'posthorn-plans-'));
let db: Database.Database;

beforeAll(() => {
  const path = join(folder, 'read-model.sqlite');
  new ReadModelWriter(path, PROJECTIONS).close();
  db = new Database(path, { readonly: true });
});

afterAll(() => {
  db.close();
  rmSync(folder, { recursive: true, force: true });
});

function planOf(query: Compilable): string[] {
  const { sql, parameters } = query.compile();
  const steps = db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...parameters) as { detail: string }[];
  return steps.map(({ detail }) => detail);
}

/** The segments are few: one for every 32,768 deliveries. */
const isSmallScan = (step: string): boolean => /^SCAN (delivery_segments|s)\b/.test(step);

const FILTERS: readonly (readonly [string, DeliverySearch])[] = [
  ['webhookId', { webhookId: 'w' }],
  ['webhookId and status', { webhookId: 'w', statuses: ['dead-lettered'] }],
  ['tenantId', { tenantId: 't' }],
  ['tenantId and status', { tenantId: 't', statuses: ['retrying'] }],
  ['status', { statuses: ['succeeded'] }],
  ['all statuses but succeeded', { webhookId: 'w', statuses: ['scheduled', 'discarded'] }],
  ['eventType', { eventType: 'e' }],
  ['eventType and status', { eventType: 'e', statuses: ['dead-lettered'] }],
  ['eventId', { eventId: 'e' }],
  ['stream', { stream: 's' }],
  ['statusCode', { statusCode: 503 }],
  ['webhookId and statusCode', { webhookId: 'w', statusCode: 503 }],
  [
    'everything',
    {
      webhookId: 'w',
      tenantId: 't',
      statuses: ['succeeded'],
      eventType: 'e',
      eventId: 'i',
      stream: 's',
      statusCode: 200,
    },
  ],
];

describe('the queries of the delivery list', () => {
  describe.each([
    ['first page', { below: undefined, atLeast: undefined }],
    ['later page', { below: 1_000, atLeast: 10 }],
  ])('on the %s', (_page, range) => {
    it.each(FILTERS)('by %s scan no table and sort nothing', (_name, search) => {
      const listing = new DeliveryListing(search);
      for (const query of [listing.rows(range, 51), listing.milestone(range, 50_000)]) {
        const steps = planOf(query);
        expect(steps.filter((step) => step.includes('TEMP B-TREE'))).toEqual([]);
        expect(steps.filter((step) => step.startsWith('SCAN') && !isSmallScan(step))).toEqual([]);
      }
    });

    it.each(FILTERS)('by %s and time scan no table and sort nothing', (_name, search) => {
      const steps = planOf(new DeliveryListing({ ...search, from: 1, to: 2 }).rows(range, 51));
      expect(steps.filter((step) => step.includes('TEMP B-TREE'))).toEqual([]);
      expect(steps.filter((step) => step.startsWith('SCAN') && !isSmallScan(step))).toEqual([]);
    });

    it('by time alone walk a stretch of the table in its own order', () => {
      const steps = planOf(new DeliveryListing({ from: 1, to: 2 }).rows(range, 51));
      expect(steps[0]).toMatch(/^SEARCH deliveries USING INTEGER PRIMARY KEY/);
      expect(steps.filter((step) => step.includes('TEMP B-TREE'))).toEqual([]);
    });
  });

  it('without a filter walk the table in its own order', () => {
    const rows = new DeliveryListing({}).rows({ below: undefined, atLeast: undefined }, 51);
    expect(planOf(rows)).toEqual(['SCAN deliveries']);
  });

  it.each<[DeliverySearch, string]>([
    [{ webhookId: 'w' }, 'INDEX deliveries_by_webhook (webhook_id=? AND status=?'],
    [{ webhookId: 'w', statusCode: 503 }, 'INDEX deliveries_by_webhook (webhook_id=? AND status=?'],
    [
      { webhookId: 'w', tenantId: 't', eventType: 'e' },
      'INDEX deliveries_by_webhook (webhook_id=? AND status=?',
    ],
    [{ tenantId: 't' }, 'INDEX deliveries_by_tenant (tenant_id=? AND status=?'],
    [{ tenantId: 't', eventType: 'e' }, 'INDEX deliveries_by_tenant (tenant_id=? AND status=?'],
    [
      { statuses: ['dead-lettered'], statusCode: 400, eventType: 'e' },
      'INDEX deliveries_by_status (status=?',
    ],
    [
      { statuses: ['succeeded'], statusCode: 204 },
      'INDEX deliveries_by_status_code (last_status_code=?',
    ],
    [{ statuses: ['succeeded'], eventType: 'e' }, 'INDEX deliveries_by_event_type (event_type=?'],
  ])('by %j go through %s on every page', (search, way) => {
    const ranges: SeqRange[] = [
      { below: undefined, atLeast: undefined },
      { below: 1_000, atLeast: undefined },
      { below: 1_000, atLeast: 10 },
    ];
    for (const range of ranges) {
      const listing = new DeliveryListing(search);
      const span = new DeliveryListing({ ...search, from: 1, to: 2 });
      for (const query of [
        listing.rows(range, 51),
        listing.milestone(range, 99),
        span.rows(range, 51),
      ]) {
        const taken = planOf(query).filter((step) => step.startsWith('SEARCH deliveries'));
        expect(taken).not.toEqual([]);
        expect(taken.filter((step) => !step.includes(way))).toEqual([]);
      }
    }
  });

  it('find one delivery by its id without a scan', () => {
    const steps = planOf(seqOf('dlv_1'));
    expect(steps.filter((step) => step.startsWith('SCAN') && !isSmallScan(step))).toEqual([]);
    expect(steps.filter((step) => step.includes('TEMP B-TREE'))).toEqual([]);
  });
});
