import type { DeliveryEvent } from './delivery.events.js';
import type { DeliveryState } from './delivery-state.js';

type DataOf<Type extends DeliveryEvent['type']> = Extract<DeliveryEvent, { type: Type }>['data'];

const ENDED = { dueAt: null, claim: null, postponed: null, needs: null } as const;

function evolveAttempted(state: DeliveryState, data: DataOf<'DeliveryAttempted'>): DeliveryState {
  const attemptCount = state.attemptCount + 1;
  if (data.isLate) return { ...state, attemptCount };
  return {
    ...state,
    origin: state.origin ?? data.origin ?? null,
    status: 'retrying',
    attemptCount,
    runAttemptCount: state.runAttemptCount + 1,
    dueAt: data.nextAttemptAt === null ? null : Date.parse(data.nextAttemptAt),
    claim: null,
    postponed: null,
  };
}

function evolvePostponed(state: DeliveryState, data: DataOf<'DeliveryPostponed'>): DeliveryState {
  return {
    ...state,
    status: state.runAttemptCount === 0 ? 'scheduled' : 'retrying',
    dueAt: Date.parse(data.dueAt),
    claim: null,
    postponed: { since: Date.parse(data.since), rounds: data.round },
  };
}

function evolveReplay(
  state: DeliveryState,
  data: DataOf<'DeliveryReplayRequested'>,
): DeliveryState {
  const asked = { isReplay: true, replayIds: askedBy(state, data.replayId) };
  const dueAt = Date.parse(data.dueAt);
  const needs = data.needs ?? null;
  if (data.run > state.run) {
    const { run } = data;
    return { ...state, ...asked, run, status: 'scheduled', runAttemptCount: 0, dueAt, needs };
  }
  const isUnderWay = state.status === 'attempting';
  return isUnderWay ? { ...state, ...asked } : { ...state, ...asked, dueAt, needs };
}

function askedBy(state: DeliveryState, replayId: string | undefined): readonly string[] {
  return replayId === undefined ? state.replayIds : [...state.replayIds, replayId];
}

function evolveScheduled(
  state: DeliveryState,
  { origin, dueAt, needs, replayId }: DataOf<'DeliveryScheduled'>,
): DeliveryState {
  return {
    ...state,
    status: 'scheduled',
    origin,
    dueAt: Date.parse(dueAt),
    needs: needs ?? null,
    isReplay: replayId !== undefined,
    replayIds: askedBy(state, replayId),
  };
}

/** The delivery after one more event. */
export function evolveDelivery(state: DeliveryState, event: DeliveryEvent): DeliveryState {
  switch (event.type) {
    case 'DeliveryScheduled':
      return evolveScheduled(state, event.data);
    case 'DeliveryClaimed': {
      const { claimId, owner, leaseMs } = event.data;
      return { ...state, status: 'attempting', dueAt: null, claim: { claimId, owner, leaseMs } };
    }
    case 'DeliveryAttempted':
      return evolveAttempted(state, event.data);
    case 'DeliveryPostponed':
      return evolvePostponed(state, event.data);
    case 'DeliverySucceeded':
      return { ...state, ...ENDED, status: 'succeeded' };
    case 'DeliveryDeadLettered': {
      const origin = state.origin ?? event.data.origin ?? null;
      return { ...state, ...ENDED, origin, status: 'dead-lettered' };
    }
    case 'DeliveryReplayRequested':
      return evolveReplay(state, event.data);
    case 'DeliveryDiscarded':
      return { ...state, ...ENDED, status: 'discarded' };
    default:
      return state; // a later version's event: readers tolerate what they do not know
  }
}
