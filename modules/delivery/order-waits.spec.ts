import { ManualClock } from '../kernel/index.js';
import { type OrderWait, OrderWaits } from './order-waits.js';

const second: OrderWait = { webhookId: 'orders', deliveryId: 'dlv_2' };
const third: OrderWait = { webhookId: 'orders', deliveryId: 'dlv_3' };

describe('deliveries that wait for the one before them', () => {
  let clock: ManualClock;
  let over: OrderWait[];
  let waits: OrderWaits;

  beforeEach(() => {
    clock = new ManualClock();
    over = [];
    waits = new OrderWaits({ clock, longestMs: 5_000, onOver: (wait) => over.push(wait) });
  });

  it('go on when it ends, and are waited for no longer', () => {
    waits.add(second, 'dlv_1', waits.ends);
    waits.add(third, 'dlv_2', waits.ends);
    waits.ended(['dlv_0', 'dlv_1']);
    expect(over).toEqual([second]);
    expect(waits.size).toBe(1);
    clock.advance(4_999);
    expect(over).toEqual([second]);
  });

  it('go on at once when it ended while they looked', () => {
    const since = waits.ends;
    waits.ended(['dlv_1']);
    waits.add(second, 'dlv_1', since);
    expect(over).toEqual([second]);
    expect(waits.size).toBe(0);
  });

  it('wait when it ended before they looked, for it is not the end that they need', () => {
    waits.ended(['dlv_1']);
    waits.add(second, 'dlv_1', waits.ends);
    expect(over).toEqual([]);
    waits.ended(['dlv_1']);
    expect(over).toEqual([second]);
  });

  it('look again after a while, whatever they were not told', () => {
    waits.add(second, 'dlv_1', waits.ends);
    clock.advance(5_000);
    expect(over).toEqual([second]);
    expect(waits.size).toBe(0);
    waits.ended(['dlv_1']);
    expect(over).toHaveLength(1);
  });

  it('are left alone once all is stopped', () => {
    waits.add(second, 'dlv_1', waits.ends);
    waits.stop();
    clock.advance(5_000);
    waits.ended(['dlv_1']);
    expect(over).toEqual([]);
  });
});
