import type { WebhookDirectory } from '../../registry/index.js';
import type { ReplayRecord } from '../replay-record.events.js';

/** Why a replay cannot go on. */
export type Obstacle =
  /** For good: it is cancelled for this reason. */
  | { readonly kind: 'gone'; readonly reason: string }
  /** Until the webhook changes: what there is to replay waits in the log. */
  | { readonly kind: 'rest' };

type Directory = Pick<WebhookDirectory, 'find' | 'missingCode'>;

/**
 * What stands in the way of a replay, as the registry of this instance has it, which must have been read after the replay
 * was.
 */
export function obstacleOf({ scope }: ReplayRecord, directory: Directory): Obstacle | null {
  if (scope.kind === 'dead-letters') return null;
  const webhook = directory.find(scope.webhookId);
  if (webhook?.registration !== scope.registration || webhook.status === 'removed') {
    return { kind: 'gone', reason: 'the webhook was removed' };
  }
  if (scope.cause === 'request' && !webhook.definition.isReplayable) {
    return { kind: 'gone', reason: 'the webhook does not allow replays any more' };
  }
  // A paused webhook takes deliveries, and holds them.
  const isListening = webhook.status === 'active' || webhook.status === 'paused';
  return isListening && directory.missingCode(webhook) === null ? null : { kind: 'rest' };
}
