import { RoundRobin } from './round-robin.js';

/** Every message to the same consumer, until it cannot take another; then to the next. */
export class DispatchToSingle extends RoundRobin {
  protected override turnAfter(at: number): number {
    return at;
  }
}
