import type { GroupConsumer } from '../group/group-consumer.js';
import type { Message } from '../group/message.js';
import type { ConsumerStrategy } from './consumer-strategy.js';
import { bucketOf, BUCKETS } from './pinned-hash.js';

/** The key whose messages go to one consumer. */
export type PinKey = (message: Message) => string;

interface Node {
  readonly consumer: GroupConsumer;
  readonly buckets: Set<number>;
}

/**
 * Messages with the same key go to the same consumer as long as it is connected: a key falls into one of 1024 buckets, and
 * a bucket belongs to one consumer. A new consumer takes over its fair share of buckets, the idle ones first; what is
 * outstanding stays where it is, so around that moment the messages of a key may be handled by two consumers at once.
 */
export class Pinned implements ConsumerStrategy {
  readonly #keyOf: PinKey;
  /** In the order in which they connected. */
  readonly #nodes: Node[] = [];
  readonly #owners = new Array<Node | undefined>(BUCKETS);
  /** Outstanding messages of each bucket that its owner holds. */
  readonly #inFlight = new Uint32Array(BUCKETS);

  constructor(keyOf: PinKey) {
    this.#keyOf = keyOf;
  }

  add(consumer: GroupConsumer): void {
    const newcomer: Node = { consumer, buckets: new Set() };
    const assigned = this.#nodes.reduce((sum, node) => sum + node.buckets.size, 0);
    const fairShare = Math.ceil(assigned / (this.#nodes.length + 1));
    for (const node of this.#nodes) {
      if (node.buckets.size <= fairShare) continue;
      const idleFirst = [...node.buckets].sort((a, b) => this.#inFlightOf(a) - this.#inFlightOf(b));
      for (const bucket of idleFirst.slice(0, node.buckets.size - fairShare)) {
        node.buckets.delete(bucket);
        this.#assign(bucket, newcomer);
      }
    }
    this.#nodes.push(newcomer);
  }

  remove(consumer: GroupConsumer): void {
    const at = this.#nodes.findIndex((node) => node.consumer === consumer);
    const [node] = at < 0 ? [] : this.#nodes.splice(at, 1);
    for (const bucket of node?.buckets ?? []) {
      this.#owners[bucket] = undefined;
      this.#inFlight[bucket] = 0;
    }
  }

  choose(message: Message): GroupConsumer | undefined {
    if (!this.#nodes.some((node) => node.consumer.canTake)) return undefined;
    if (message.bucket < 0) message.bucket = bucketOf(this.#keyOf(message));
    return (this.#owners[message.bucket] ?? this.#assignToLeast(message.bucket))?.consumer;
  }

  sent(message: Message): void {
    this.#inFlight[message.bucket] = this.#inFlightOf(message.bucket) + 1;
  }

  released(message: Message): void {
    const isOwner = this.#owners[message.bucket]?.consumer === message.consumer;
    const inFlight = this.#inFlightOf(message.bucket);
    if (isOwner && inFlight > 0) this.#inFlight[message.bucket] = inFlight - 1;
  }

  #assignToLeast(bucket: number): Node | undefined {
    let least: Node | undefined;
    for (const node of this.#nodes) {
      if (!least || node.buckets.size < least.buckets.size) least = node;
    }
    if (least) this.#assign(bucket, least);
    return least;
  }

  #assign(bucket: number, node: Node): void {
    node.buckets.add(bucket);
    this.#owners[bucket] = node;
    this.#inFlight[bucket] = 0;
  }

  #inFlightOf(bucket: number): number {
    return this.#inFlight[bucket] ?? 0;
  }
}
