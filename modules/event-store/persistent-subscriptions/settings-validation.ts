import { ALL, type GroupSettings, type LogPosition, type StartFrom } from './group-settings.js';
import { isConsumerStrategy } from './strategies/named-strategy.js';

/** Half a character: no stream could be named after it. */
const LONE_SURROGATE = /\p{Surrogate}/u;

const INVALID_START = 'Invalid Start From position: ';

/** Why the strategy or the start is refused, in the words of EventStoreDB; `undefined` if both are fine. */
export function strategyOrStartRefusal(settings: GroupSettings, head: number): string | undefined {
  const { consumerStrategyName: strategy, startFrom } = settings;
  if (!isConsumerStrategy(strategy)) return `Consumer strategy ${strategy} does not exist.`;
  const refusal = startRefusal(startFrom, BigInt(head));
  return refusal === undefined ? undefined : INVALID_START + refusal;
}

/** Why the sizes are refused; `undefined` if they are fine. */
export function sizeRefusal(settings: GroupSettings): string | undefined {
  return settings.readBatchSize >= settings.historyBufferSize
    ? "Specified argument was out of the range of valid values. (Parameter 'ReadBatchSize may not be greater than or equal to BufferSize')"
    : undefined;
}

/** Why the names are refused for a group on a stream, or (`stream` is `$all`, `isAll`) on the whole log. */
export function nameRefusal(stream: string, group: string, isAll: boolean): string | undefined {
  if (LONE_SURROGATE.test(stream)) return 'Bad stream name.';
  if (LONE_SURROGATE.test(group)) return 'Bad group name.';
  if (stream === '') return 'Bad stream name.';
  return stream === ALL && !isAll
    ? 'Persistent subscriptions to $all are only supported over gRPC through gRPC clients'
    : undefined;
}

function startRefusal(startFrom: StartFrom, head: bigint): string | undefined {
  if (typeof startFrom !== 'bigint') return positionRefusal(startFrom, head);
  return startFrom < -1n ? 'event number must be greater than or equal to -1.' : undefined;
}

function positionRefusal({ commit, prepare }: LogPosition, head: bigint): string | undefined {
  if (prepare > commit)
    return 'prepare position must be less than or equal to the commit position.';
  if (commit > head) {
    return 'commit position must be less than or equal to the last commit position in the transaction file.';
  }
  const isEnd = commit === -1n && prepare === -1n;
  return isEnd || prepare >= 0n
    ? undefined
    : 'prepare and commit positions must be greater than or equal to 0 or both equal to -1.';
}
