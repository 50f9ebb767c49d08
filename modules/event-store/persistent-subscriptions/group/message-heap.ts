import { isBefore, type Message } from './message.js';

/** Messages of which the first in order can be taken, in logarithmic time whatever the order they come in. */
export class MessageHeap {
  readonly #heap: Message[] = [];

  get size(): number {
    return this.#heap.length;
  }

  peek(): Message | undefined {
    return this.#heap[0];
  }

  add(message: Message): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(message);
    while (at > 0) {
      const parentAt = (at - 1) >> 1;
      const parent = heap[parentAt];
      if (!parent || !isBefore(message, parent)) break;
      heap[at] = parent;
      at = parentAt;
    }
    heap[at] = message;
  }

  shift(): Message | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first && last && first !== last) this.#sink(last);
    return first;
  }

  /** Puts `message` where the first was, and moves it down to its place. */
  #sink(message: Message): void {
    const heap = this.#heap;
    let at = 0;
    for (;;) {
      const childAt = this.#firstChild(at);
      const child = heap[childAt];
      if (!child || !isBefore(child, message)) break;
      heap[at] = child;
      at = childAt;
    }
    heap[at] = message;
  }

  #firstChild(at: number): number {
    const left = 2 * at + 1;
    const leftChild = this.#heap[left];
    const rightChild = this.#heap[left + 1];
    return leftChild && rightChild && isBefore(rightChild, leftChild) ? left + 1 : left;
  }
}
