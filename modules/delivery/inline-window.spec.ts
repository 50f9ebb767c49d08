import { ManualClock } from '../kernel/index.js';
import { InlineWindow } from './inline-window.js';

function occupants(names: string[]) {
  const closed: string[] = [];
  const byName = new Map(
    names.map((name) => [
      name,
      { closeWindow: (reason: string) => closed.push(`${name}:${reason}`) },
    ]),
  );
  const of = (name: string) => {
    const occupant = byName.get(name);
    if (!occupant) throw new Error(name);
    return occupant;
  };
  return { closed, of };
}

describe('the inline window', () => {
  it('closes for each occupant when its own time is up, with one timer for all', () => {
    const clock = new ManualClock();
    const window = new InlineWindow(clock, 1_000);
    const { closed, of } = occupants(['a', 'b']);

    window.open(of('a'), clock.monotonic());
    clock.advance(400);
    window.open(of('b'), clock.monotonic());
    expect(clock.pendingTimers).toBe(1);

    clock.advance(600);
    expect(closed).toEqual(['a:lane-full']);
    clock.advance(400);
    expect(closed).toEqual(['a:lane-full', 'b:lane-full']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('never closes for an occupant that has left', () => {
    const clock = new ManualClock();
    const window = new InlineWindow(clock, 1_000);
    const { closed, of } = occupants(['a']);

    window.open(of('a'), 0);
    window.leave(of('a'));
    clock.advance(5_000);

    expect(closed).toEqual([]);
  });

  it('counts from when the event was received, also when that was long ago', () => {
    const clock = new ManualClock();
    clock.advance(10_000);
    const window = new InlineWindow(clock, 1_000);
    const { closed, of } = occupants(['late']);

    window.open(of('late'), 8_000);
    clock.advance(0);

    expect(closed).toEqual(['late:lane-full']);
  });

  it('closes for everybody at a shutdown', () => {
    const clock = new ManualClock();
    const window = new InlineWindow(clock, 1_000);
    const { closed, of } = occupants(['a', 'b']);
    window.open(of('a'), 0);
    window.open(of('b'), 0);

    window.closeAll();

    expect(closed).toEqual(['a:shutdown', 'b:shutdown']);
    expect(clock.pendingTimers).toBe(0);
  });
});
