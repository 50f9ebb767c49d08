/**
 * How many partitions `instance` should hold when `others` are there too. It depends on who is there and on nothing else,
 * so instances that see the same ones agree: the shares add up to `partitions` and differ by one at most.
 */
export function fairShare(instance: string, others: Iterable<string>, partitions: number): number {
  const everybody = [...new Set([instance, ...others])].sort();
  const rank = everybody.indexOf(instance);
  const remainder = partitions % everybody.length;
  return Math.floor(partitions / everybody.length) + (rank < remainder ? 1 : 0);
}
