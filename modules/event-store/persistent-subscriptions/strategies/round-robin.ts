import type { GroupConsumer } from '../group/group-consumer.js';
import type { ConsumerStrategy } from './consumer-strategy.js';

/** Every message to the next consumer that can take one. */
export class RoundRobin implements ConsumerStrategy {
  protected readonly consumers: GroupConsumer[] = [];
  /** Index of the consumer to be tried first. */
  protected turn = 0;

  add(consumer: GroupConsumer): void {
    this.consumers.splice(this.turn, 0, consumer);
    this.turn = (this.turn + 1) % this.consumers.length;
  }

  remove(consumer: GroupConsumer): void {
    const at = this.consumers.indexOf(consumer);
    if (at < 0) return;
    this.consumers.splice(at, 1);
    if (at < this.turn) this.turn--;
    if (this.turn >= this.consumers.length) this.turn = 0;
  }

  choose(): GroupConsumer | undefined {
    const count = this.consumers.length;
    for (let tried = 0; tried < count; tried++) {
      const at = (this.turn + tried) % count;
      const consumer = this.consumers[at];
      if (!consumer?.canTake) continue;
      this.turn = this.turnAfter(at);
      return consumer;
    }
    return undefined;
  }

  sent(): void {
    // the turn was taken when the consumer was chosen
  }

  released(): void {
    // a free slot changes nobody's turn
  }

  protected turnAfter(at: number): number {
    return (at + 1) % this.consumers.length;
  }
}
