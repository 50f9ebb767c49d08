import { sourceEventOf } from './source-event.js';

const RECORDED = {
  id: 'e1',
  type: 'order.placed',
  streamId: 'order-1',
  revision: 7n,
  created: new Date(0),
  data: { lines: [{ price: 1 }] },
  metadata: undefined,
};

describe('an event as functions see it', () => {
  it('says what happened, where and when', () => {
    expect(sourceEventOf(RECORDED, 'acme')).toEqual({
      id: 'e1',
      type: 'order.placed',
      stream: 'order-1',
      revision: '7',
      tenantId: 'acme',
      timestamp: '1970-01-01T00:00:00.000Z',
      data: { lines: [{ price: 1 }] },
      metadata: undefined,
    });
  });

  it('cannot be changed for the other webhooks of the event', () => {
    const { data } = sourceEventOf(RECORDED, null) as {
      data: { lines: { price: number }[] };
    };

    expect(() => data.lines.push({ price: 2 })).toThrow(TypeError);
    expect(() => Object.assign(data.lines[0] ?? {}, { price: 2 })).toThrow(TypeError);
  });

  it('may be nested deeper than the stack', () => {
    const depth = 200_000;
    const data = JSON.parse(`${'['.repeat(depth)}${']'.repeat(depth)}`) as never;

    expect(Object.isFrozen(sourceEventOf({ ...RECORDED, data }, null).data)).toBe(true);
  });

  it('holds the bytes of an event that is not JSON', () => {
    const data = Buffer.from([0, 255]);

    expect(sourceEventOf({ ...RECORDED, data }, null).data).toBe(data);
  });
});
