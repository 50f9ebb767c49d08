import { ManualClock } from './manual-clock.js';

describe('ManualClock', () => {
  it('fires timers in the order of their due times, each at its own time', () => {
    const clock = new ManualClock(1_000);
    const fired: string[] = [];
    clock.setTimer(() => fired.push(`b@${clock.now()}`), 20);
    clock.setTimer(() => fired.push(`a@${clock.now()}`), 10);

    clock.advance(15);
    expect(fired).toEqual(['a@1010']);

    clock.advance(15);
    expect(fired).toEqual(['a@1010', 'b@1020']);
    expect(clock.now()).toBe(1_030);
  });

  it('does not fire a timer that was cancelled', () => {
    const clock = new ManualClock();
    let fired = false;
    const cancel = clock.setTimer(() => (fired = true), 10);

    cancel();
    clock.advance(100);

    expect(fired).toBe(false);
    expect(clock.pendingTimers).toBe(0);
  });

  it('keeps durations apart from jumps of the wall clock', () => {
    const clock = new ManualClock(1_000);

    clock.jumpTo(500_000);
    clock.advance(1);

    expect(clock.now()).toBe(500_001);
    expect(clock.monotonic()).toBe(1);
  });
});
