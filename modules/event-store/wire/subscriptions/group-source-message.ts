import type { GroupSource } from '../../persistent-subscriptions/group-settings.js';
import { handlerFailed } from '../errors/call-status.js';
import type { shared } from '../protocol.js';
import { streamNameOf } from '../wire-text.js';

/** The requests about a group that exists have these in common. */
interface SourceOptions {
  hasAll(): boolean;
  hasStreamIdentifier(): boolean;
  getStreamIdentifier(): shared.StreamIdentifier | undefined;
}

/** @throws CallStatus if no source is given */
export function sourceOf(options: SourceOptions | undefined): GroupSource {
  if (options?.hasAll()) return 'all';
  if (!options?.hasStreamIdentifier()) throw handlerFailed();
  return { stream: streamNameOf(options.getStreamIdentifier()) };
}
