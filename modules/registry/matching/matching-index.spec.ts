import fc from 'fast-check';
import { matchesEventType } from '../definition/event-type-rules.js';
import type { SourceSelection } from '../webhook.events.js';
import type { MatchableEvent } from '../webhook.js';
import { sourceKeyOf, tenantKeyOf, typeKeyOf } from './match-keys.js';
import { MatchingIndex } from './matching-index.js';
import { advanceSpans, type MembershipSpan } from './membership-spans.js';

interface Wanted {
  readonly eventTypes: readonly string[];
  readonly source: SourceSelection;
  readonly tenantId: string | null;
  readonly isGlobal: boolean;
}

const ALL = { kind: 'all' } as const;

function wanting(eventTypes: readonly string[], rest: Partial<Wanted> = {}): Wanted {
  return { eventTypes, source: ALL, tenantId: null, isGlobal: false, ...rest };
}

/** An index, and the log of what each webhook wanted from which position on. */
class Registry {
  readonly index = new MatchingIndex();
  readonly history: { id: string; at: bigint; wanted: Wanted | null }[] = [];
  readonly #spans = new Map<string, readonly MembershipSpan[]>();
  #at = 0n;

  change(id: string, wanted: Wanted | null): bigint {
    this.#at += 10n;
    const last = this.history.findLast((one) => one.id === id && one.wanted)?.wanted;
    const spans = advanceSpans(
      this.#spans.get(id) ?? [],
      this.#at,
      wanted && {
        types: wanted.eventTypes.map(typeKeyOf),
        source: sourceKeyOf(wanted.source),
        tenant: tenantKeyOf(wanted),
        from: 0n,
      },
    );
    this.#spans.set(id, spans);
    this.index.list(id, tenantKeyOf(wanted ?? last ?? wanting([])), spans);
    this.history.push({ id, at: this.#at, wanted });
    return this.#at;
  }

  /** Who is a member, by the book: wanted at its position, by tenants of then and of now. */
  membersOf(event: MatchableEvent): string[] {
    const ids = [...new Set(this.history.map(({ id }) => id))];
    return ids
      .filter((id) => {
        const own = this.history.filter((one) => one.id === id);
        const then = own.findLast(({ at }) => at < event.position)?.wanted;
        const now = own.findLast(({ wanted }) => wanted)?.wanted;
        return then && now && wants(then, event) && isForTenant(now, event);
      })
      .sort();
  }
}

function wants(wanted: Wanted, event: MatchableEvent): boolean {
  return (
    isForTenant(wanted, event) &&
    wanted.eventTypes.some((pattern) => matchesEventType(pattern, event.type)) &&
    (wanted.source.kind === 'all' ||
      (wanted.source.kind === 'stream'
        ? event.stream === wanted.source.stream
        : event.stream.startsWith(`${wanted.source.category}-`)))
  );
}

function isForTenant(wanted: Wanted, event: MatchableEvent): boolean {
  return wanted.isGlobal || wanted.tenantId === event.tenantId;
}

function event(type: string, rest: Partial<MatchableEvent> = {}): MatchableEvent {
  return { type, stream: 'order-1', tenantId: null, position: 1_000_000n, ...rest };
}

describe('MatchingIndex', () => {
  it('matches exact names, everything, and patterns at every dot', () => {
    const registry = new Registry();
    registry.change('exact', wanting(['order.item.added']));
    registry.change('any', wanting(['*']));
    registry.change('order', wanting(['order.*']));
    registry.change('item', wanting(['order.item.*']));
    const match = (type: string) => [...registry.index.match(event(type))].sort();

    expect(match('order.item.added')).toEqual(['any', 'exact', 'item', 'order']);
    expect(match('order.placed')).toEqual(['any', 'order']);
    expect(match('order')).toEqual(['any']);
    expect(match('orders.placed')).toEqual(['any']);
    expect(match('preorder.placed')).toEqual(['any']);
    expect(match('*')).toEqual(['any']);
  });

  it('matches a webhook once, however many of its patterns do', () => {
    const registry = new Registry();
    registry.change('a', wanting(['*', 'order.*', 'order.placed']));
    expect([...registry.index.match(event('order.placed'))]).toEqual(['a']);
  });

  it('keeps tenants apart: own, none, and all only where that was asked for', () => {
    const registry = new Registry();
    registry.change('acme', wanting(['*'], { tenantId: 'acme' }));
    registry.change('none', wanting(['*']));
    registry.change('global', wanting(['*'], { isGlobal: true }));
    const match = (tenantId: string | null) => [...registry.index.match(event('a', { tenantId }))];

    expect(match('acme')).toEqual(['acme', 'global']);
    expect(match('other')).toEqual(['global']);
    expect(match(null)).toEqual(['none', 'global']);
    expect(match('every tenant')).toEqual(['global']);
    expect(match('no tenant')).toEqual(['global']);
  });

  it('selects by stream and by category', () => {
    const registry = new Registry();
    registry.change('stream', wanting(['*'], { source: { kind: 'stream', stream: 'order-1' } }));
    registry.change('order', wanting(['*'], { source: { kind: 'category', category: 'order' } }));
    const match = (stream: string) => [...registry.index.match(event('a', { stream }))].sort();

    expect(match('order-1')).toEqual(['order', 'stream']);
    expect(match('order-1-2')).toEqual(['order']);
    expect(match('order')).toEqual([]);
    expect(match('-order')).toEqual([]);
  });

  it('never shows an event of a former tenant to the webhook of another', () => {
    const registry = new Registry();
    const before = registry.change('a', wanting(['*'], { tenantId: 'acme' }));
    registry.change('a', wanting(['*'], { tenantId: 'other' }));
    const late = { position: before + 1n };

    expect([...registry.index.match(event('x', { ...late, tenantId: 'acme' }))]).toEqual([]);
    expect([...registry.index.match(event('x', { ...late, tenantId: 'other' }))]).toEqual([]);
    expect([...registry.index.match(event('x', { tenantId: 'other' }))]).toEqual(['a']);
  });

  it('forgets a webhook that has no spans', () => {
    const registry = new Registry();
    registry.change('a', wanting(['*', 'order.*']));
    registry.index.list('a', 'no tenant', []);

    expect([...registry.index.candidates(event('order.placed'))]).toEqual([]);
  });

  it('agrees with a search through everything that was ever wanted', () => {
    const type = fc.constantFrom('a', 'a.b', 'a.b.c', 'b', 'b.c');
    const tenantId = fc.option(fc.constantFrom('t1', 't2'));
    const source: fc.Arbitrary<SourceSelection> = fc.constantFrom(
      ALL,
      { kind: 'stream', stream: 's-1' } as const,
      { kind: 'category', category: 's' } as const,
    );
    const wanted = fc
      .record({
        eventTypes: fc.uniqueArray(fc.constantFrom('*', 'a', 'a.*', 'a.b.*', 'a.b', 'b.*'), {
          minLength: 1,
          maxLength: 3,
        }),
        source,
        tenantId,
        isGlobal: fc.boolean(),
      })
      .map((one) => (one.isGlobal ? { ...one, tenantId: null } : one));
    const change = fc.tuple(fc.constantFrom('w1', 'w2', 'w3'), fc.option(wanted));
    const events = fc.array(
      fc.record({
        type,
        tenantId,
        stream: fc.constantFrom('s-1', 's-2', 'x'),
        position: fc.bigInt({ min: 0n, max: 200n }),
      }),
      { minLength: 1, maxLength: 20 },
    );
    fc.assert(
      fc.property(fc.array(change, { maxLength: 15 }), events, (changes, observed) => {
        const registry = new Registry();
        for (const [id, one] of changes) registry.change(id, one);
        for (const one of observed) {
          expect([...registry.index.match(one)].sort()).toEqual(registry.membersOf(one));
        }
      }),
      { numRuns: 300 },
    );
  });

  describe('with 10,000 webhooks', () => {
    const examined = (registry: Registry, one: MatchableEvent): number =>
      [...registry.index.candidates(one)].length;

    it.each<[string, (index: number) => Wanted]>([
      ['event types', (index) => wanting([`order.kind-${index}`])],
      ['patterns', (index) => wanting([`order.kind-${index}.*`])],
      ['tenants', (index) => wanting(['*'], { tenantId: `tenant-${index}` })],
      [
        'streams',
        (index) => wanting(['*'], { source: { kind: 'stream', stream: `order-${index}` } }),
      ],
      [
        'categories',
        (index) => wanting(['*'], { source: { kind: 'category', category: `cat${index}` } }),
      ],
    ])('of as many %s looks at the one that matches', (_, wanted) => {
      const registry = new Registry();
      for (let index = 0; index < 10_000; index++) registry.change(`w${index}`, wanted(index));
      const types = ['order.kind-7', 'order.kind-7.x'];
      const streams = ['order-7', 'cat7-1'];
      const matches = types.flatMap((type) =>
        streams.flatMap((stream) =>
          [null, 'tenant-7'].map((tenantId) => event(type, { stream, tenantId })),
        ),
      );

      expect(matches.some((one) => registry.index.match(one).has('w7'))).toBe(true);
      for (const one of matches) expect(examined(registry, one)).toBeLessThanOrEqual(1);
    });

    it('that no longer listen looks at none of them', () => {
      const registry = new Registry();
      for (let index = 0; index < 10_000; index++) registry.change(`w${index}`, wanting(['*']));
      for (let index = 0; index < 10_000; index++) registry.change(`w${index}`, null);

      expect(examined(registry, event('order.placed'))).toBe(0);
      expect(registry.index.match(event('a', { position: 100_001n })).size).toBe(10_000);
    });
  });
});
