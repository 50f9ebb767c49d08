import { ManualClock } from '../kernel/index.js';
import { ClaimWatch } from './claim-watch.js';

const claim = (claimId: string) => ({ deliveryId: 'dlv_1', webhookId: 'a', claimId });

function watching() {
  const clock = new ManualClock();
  const lapsed: string[] = [];
  const watch = new ClaimWatch({ clock, onLapsed: ({ claimId }) => lapsed.push(claimId) });
  return { clock, lapsed, watch };
}

describe('the watch over claims', () => {
  it('tells when a lease has run out, counted from when the claim was seen', () => {
    const { clock, lapsed, watch } = watching();
    watch.watch(claim('c-1'), 1_000);

    clock.advance(999);
    expect(lapsed).toEqual([]);
    clock.advance(1);
    expect(lapsed).toEqual(['c-1']);
  });

  it('is not moved by a jump of the wall clock', () => {
    const { clock, lapsed, watch } = watching();
    watch.watch(claim('c-1'), 1_000);

    clock.jumpTo(clock.now() + 86_400_000);
    clock.advance(500);

    expect(lapsed).toEqual([]);
  });

  it('counts anew for a newer claim, not for the same claim seen twice', () => {
    const { clock, lapsed, watch } = watching();
    watch.watch(claim('c-1'), 1_000);
    clock.advance(600);
    watch.watch(claim('c-1'), 1_000);
    clock.advance(400);
    expect(lapsed).toEqual(['c-1']);

    watch.watch(claim('c-2'), 1_000);
    clock.advance(600);
    watch.watch(claim('c-3'), 1_000);
    clock.advance(400);
    expect(lapsed).toEqual(['c-1']);
  });

  it('forgets a claim whose outcome is known', () => {
    const { clock, lapsed, watch } = watching();
    watch.watch(claim('c-1'), 1_000);
    watch.forget('dlv_1');

    clock.advance(10_000);

    expect(lapsed).toEqual([]);
    expect(watch.size).toBe(0);
  });

  it('tells of many claims in the order in which they lapse, with one timer', () => {
    const { clock, lapsed, watch } = watching();
    for (const leaseMs of [300, 100, 200]) {
      const id = String(leaseMs);
      watch.watch({ deliveryId: id, webhookId: 'a', claimId: id }, leaseMs);
    }
    expect(clock.pendingTimers).toBe(1);

    clock.advance(1_000);

    expect(lapsed).toEqual(['100', '200', '300']);
    expect(clock.pendingTimers).toBe(0);
  });
});
