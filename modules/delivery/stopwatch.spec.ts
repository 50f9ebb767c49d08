import { ManualClock } from '../kernel/index.js';
import { stopwatch } from './stopwatch.js';

describe('a stopwatch', () => {
  it('counts what has passed', () => {
    const clock = new ManualClock();
    const elapsedMs = stopwatch(clock);

    clock.advance(1_500);

    expect(elapsedMs()).toBe(1_500);
  });

  it('counts the sleep of the machine, in which the monotonic clock stands still', () => {
    const clock = new ManualClock();
    const elapsedMs = stopwatch(clock);

    clock.jumpTo(clock.now() + 3_600_000);

    expect(elapsedMs()).toBe(3_600_000);
  });

  it('is not deceived by a wall clock that was set back', () => {
    const clock = new ManualClock();
    const elapsedMs = stopwatch(clock);

    clock.advance(20_000);
    clock.jumpTo(clock.now() - 3_600_000);

    expect(elapsedMs()).toBe(20_000);
  });
});
