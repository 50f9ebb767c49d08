import { ManualClock } from '../kernel/index.js';
import { IntakePace } from './intake-pace.js';

/** A pace whose thread is at work for a given part of each stretch of time. */
function given({ most = 512 } = {}) {
  const clock = new ManualClock();
  const utilization = { active: 0, idle: 0 };
  const pace = new IntakePace({ most, clock, utilization: () => ({ ...utilization }) });
  return {
    pace,
    /** Lets 100 ms pass in which the thread worked for `busyMs`, and holds `held` at their end. */
    pass: (busyMs: number, held: number): boolean => {
      utilization.active += busyMs;
      utilization.idle += 100 - busyMs;
      clock.advance(100);
      return pace.hasRoom(held);
    },
  };
}

describe('how many events are held at once', () => {
  it('begins narrow, and soon is the size of the buffer while the process has time', () => {
    const { pace, pass } = given();
    expect([pace.hasRoom(127), pace.hasRoom(128)]).toEqual([true, false]);
    pass(50, 128);
    expect([pass(50, 511), pace.hasRoom(512)]).toEqual([true, false]);
    expect([pass(50, 511), pace.hasRoom(512)]).toEqual([true, false]);
  });

  it('narrows while it has none, to what keeps requests under way and no further', () => {
    const { pace, pass } = given();
    for (let look = 0; look < 3; look++) pass(10, 400);
    pass(99, 400);
    expect([pace.hasRoom(279), pace.hasRoom(280)]).toEqual([true, false]);
    for (let look = 0; look < 20; look++) pass(100, 280);
    expect([pace.hasRoom(127), pace.hasRoom(128)]).toEqual([true, false]);
  });

  it('widens again as soon as there is time', () => {
    const { pass } = given();
    for (let look = 0; look < 20; look++) pass(100, 512);
    expect(pass(50, 255)).toBe(true);
    expect(pass(50, 511)).toBe(true);
    expect(pass(50, 512)).toBe(false);
  });

  it('is not changed by a moment', () => {
    const { pace } = given();
    expect([pace.hasRoom(127), pace.hasRoom(128), pace.hasRoom(127)]).toEqual([true, false, true]);
  });
});
