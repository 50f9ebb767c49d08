import type { RecordedEvent } from '@eventstore/db-client';
import { StreamNames } from '../../event-store/index.js';
import { TENANCY_DEFAULTS } from '../../tenancy/index.js';
import type { HistoryScope, ReplaySelection } from '../replay.events.js';
import { HistorySelection } from './history-selection.js';
import { CLOCK_MARGIN_MS } from './log-places.js';

const listening: ReplaySelection = {
  eventTypes: ['order.*'],
  source: { kind: 'all' },
  tenantId: 'acme',
  isGlobal: false,
};

const scope: HistoryScope = {
  kind: 'history',
  cause: 'request',
  webhookId: 'orders',
  registration: 1,
  mode: 'missing',
  from: 'beginning',
  to: null,
  source: null,
  eventTypes: null,
  range: { from: '0', to: '999' },
  selection: listening,
};

const NOON = Date.UTC(2026, 0, 1, 12);

function event(changes: Partial<RecordedEvent> & { readonly at?: number } = {}): RecordedEvent {
  const { at = NOON, ...rest } = changes;
  return {
    streamId: 'order-17',
    id: 'an-id',
    isJson: true,
    revision: 0n,
    type: 'order.placed',
    created: new Date(at),
    data: {},
    metadata: { tenantId: 'acme' },
    position: { commit: 100n, prepare: 100n },
    ...rest,
  } as RecordedEvent;
}

function selected(
  asked: Partial<HistoryScope>,
  what: RecordedEvent = event(),
  current: ReplaySelection = listening,
): string {
  const selection = new HistorySelection(
    { ...scope, ...asked },
    new StreamNames(),
    TENANCY_DEFAULTS,
  );
  return selection.select(what, current).kind;
}

describe('a replay takes to its webhook', () => {
  it('what the webhook asked for when it was started, and asks for now', () => {
    const invoices = { ...listening, eventTypes: ['invoice.*'] };
    const both = { ...listening, eventTypes: ['invoice.*', 'order.*'] };
    expect(selected({})).toBe('selected');
    expect(selected({}, event(), invoices)).toBe('other');
    expect(selected({ selection: invoices }, event(), both)).toBe('other');
    expect(selected({ selection: both }, event(), listening)).toBe('selected');
  });

  it('what was asked for of that', () => {
    expect(selected({ eventTypes: ['order.placed'] })).toBe('selected');
    expect(selected({ eventTypes: ['order.shipped'] })).toBe('other');
    expect(selected({ source: { kind: 'stream', stream: 'order-17' } })).toBe('selected');
    expect(selected({ source: { kind: 'stream', stream: 'order-18' } })).toBe('other');
    expect(selected({ source: { kind: 'category', category: 'order' } })).toBe('selected');
    expect(selected({ source: { kind: 'category', category: 'invoice' } })).toBe('other');
  });

  it('what happened from the first time on, and before the last', () => {
    const time = new Date(NOON).toISOString();
    expect(selected({ from: { time } })).toBe('selected');
    expect(selected({ from: { time } }, event({ at: NOON - 1 }))).toBe('other');
    expect(selected({ to: { time } })).toBe('other');
    expect(selected({ to: { time } }, event({ at: NOON - 1 }))).toBe('selected');
  });

  it('what lies at the first position or behind it, wherever the reading begins', () => {
    expect(selected({ from: { position: '100' } })).toBe('selected');
    expect(selected({ from: { position: '101' } })).toBe('other');
  });

  it('nothing of the event store or of Posthorn itself', () => {
    const all = { ...listening, eventTypes: ['*'] };
    expect(selected({ selection: all }, event({ streamId: 'posthorn.feed' }), all)).toBe('other');
    expect(selected({ selection: all }, event({ streamId: '$settings' }), all)).toBe('other');
    expect(selected({ selection: all }, event({ type: '$>' }), all)).toBe('other');
  });

  it('only what belongs to its tenant, and nothing whose tenant cannot be told', () => {
    expect(selected({}, event({ metadata: { tenantId: 'other' } }))).toBe('other');
    expect(selected({}, event({ metadata: undefined }))).toBe('other');
    expect(selected({}, event({ metadata: { tenantId: 7 } }))).toBe('unreadable');
    const unasked = event({ type: 'invoice.sent', metadata: { tenantId: 7 } });
    expect(selected({}, unasked)).toBe('other');
  });

  it('and stops to look once everything is later than was asked for, whatever the clocks', () => {
    const time = new Date(NOON).toISOString();
    const to = { ...scope, to: { time } };
    const selection = new HistorySelection(to, new StreamNames(), TENANCY_DEFAULTS);
    expect(selection.isBeyond(event({ at: NOON + CLOCK_MARGIN_MS }))).toBe(false);
    expect(selection.isBeyond(event({ at: NOON + CLOCK_MARGIN_MS + 1 }))).toBe(true);
  });
});
