import type { handleUnaryCall } from '@grpc/grpc-js';
import { requireOperator } from '../access/caller.js';
import { handlerFailed } from '../errors/call-status.js';
import { toLogFilter } from '../log-filter-message.js';
import { persistent, shared } from '../protocol.js';
import { unaryCall, type WireContext } from '../rpc.js';
import { sourceOf } from './group-source-message.js';
import { groupSettingsOf, groupSourceOf } from './settings-message.js';

/** PersistentSubscriptions.Create. */
export function createCall(
  context: WireContext,
): handleUnaryCall<persistent.CreateReq, persistent.CreateResp> {
  return unaryCall(context, async (request, caller) => {
    requireOperator(caller);
    const options = request.getOptions();
    const settings = options?.getSettings();
    if (!options || !settings) throw handlerFailed();
    const filter = options.getAll()?.getFilter();
    await context.persistentSubscriptions.create(
      groupSourceOf(options),
      options.getGroupName(),
      groupSettingsOf(options, settings),
      filter && toLogFilter(filter),
    );
    return new persistent.CreateResp();
  });
}

/** PersistentSubscriptions.Update. */
export function updateCall(
  context: WireContext,
): handleUnaryCall<persistent.UpdateReq, persistent.UpdateResp> {
  return unaryCall(context, async (request, caller) => {
    requireOperator(caller);
    const options = request.getOptions();
    const settings = options?.getSettings();
    if (!options || !settings) throw handlerFailed();
    await context.persistentSubscriptions.update(
      groupSourceOf(options),
      options.getGroupName(),
      groupSettingsOf(options, settings),
    );
    return new persistent.UpdateResp();
  });
}

/** PersistentSubscriptions.Delete. */
export function deleteGroupCall(
  context: WireContext,
): handleUnaryCall<persistent.DeleteReq, persistent.DeleteResp> {
  return unaryCall(context, async (request, caller) => {
    requireOperator(caller);
    const options = request.getOptions();
    const source = sourceOf(options);
    await context.persistentSubscriptions.delete(source, options?.getGroupName() ?? '');
    return new persistent.DeleteResp();
  });
}

/** PersistentSubscriptions.ReplayParked: answered at once, done in the background. */
export function replayParkedCall(
  context: WireContext,
): handleUnaryCall<persistent.ReplayParkedReq, persistent.ReplayParkedResp> {
  return unaryCall(context, async (request, caller) => {
    requireOperator(caller);
    const options = request.getOptions();
    const source = sourceOf(options);
    if (!options?.hasStopAt() && !options?.hasNoLimit()) throw handlerFailed();
    const stopAt = options.hasStopAt() ? BigInt(options.getStopAt()) : undefined;
    await context.persistentSubscriptions.replayParked(source, options.getGroupName(), stopAt);
    return new persistent.ReplayParkedResp();
  });
}

/** PersistentSubscriptions.RestartSubsystem. */
export function restartCall(context: WireContext): handleUnaryCall<shared.Empty, shared.Empty> {
  return unaryCall(context, async (_request, caller) => {
    requireOperator(caller);
    await context.persistentSubscriptions.restart();
    return new shared.Empty();
  });
}
