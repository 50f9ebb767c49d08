import { type Decider, PosthornError } from '../kernel/index.js';
import type { RetryPolicy } from '../registry/index.js';
import type {
  AttemptRecord,
  AttemptTrigger,
  DeadLetterReason,
  DeliveryEvent,
  DeliveryOrigin,
  DeliveryStatus,
  ScheduleReason,
} from './delivery.events.js';
import { evolveDelivery } from './delivery.evolution.js';
import {
  type Claim,
  type DeliveryState,
  isClaimable,
  isOpen,
  NO_DELIVERY,
} from './delivery-state.js';
import { nextAttemptAt, postponementMs } from './retry-schedule.js';

type RefusalReason = 'rejected' | 'endpoint_gone' | 'endpoint_asked' | 'aborted_by_endpoint';

/** What the sender's verdict means for the delivery. */
export type AttemptOutcome =
  | { readonly kind: 'success' }
  | {
      readonly kind: 'failure';
      readonly policy: RetryPolicy;
      readonly random: number;
      readonly retryAfterMs: number | null;
    }
  /** Nothing was asked of the endpoint: put off, or a failure when it was put off for `limitMs` already. */
  | {
      readonly kind: 'postponed';
      readonly policy: RetryPolicy;
      readonly random: number;
      readonly limitMs: number;
    }
  | { readonly kind: 'refusal'; readonly reason: RefusalReason };

export type DeliveryCommand =
  | {
      readonly kind: 'schedule';
      readonly origin: DeliveryOrigin;
      readonly reason: ScheduleReason;
      readonly now: number;
      readonly owner: string;
      readonly needs?: string;
      /** Replay of history that asks for it. */
      readonly replayId?: string;
      /** Claims it at once: the attempt is under way. */
      readonly claim?: Claim;
    }
  | {
      readonly kind: 'claim';
      readonly claim: Claim;
      readonly now: number;
      readonly lapsed: string | null;
    }
  | {
      readonly kind: 'record-attempt';
      readonly origin: DeliveryOrigin;
      readonly run: number;
      /** Claim under which the attempt was made; `null` for a first attempt that needed none. */
      readonly claimId: string | null;
      readonly trigger: AttemptTrigger;
      readonly attempt: AttemptRecord;
      readonly outcome: AttemptOutcome;
      readonly owner: string;
      readonly now: number;
    }
  | {
      readonly kind: 'dead-letter';
      readonly origin: DeliveryOrigin;
      readonly run: number;
      readonly reason: DeadLetterReason;
      readonly errorMessage: string | null;
      readonly now: number;
    }
  | {
      readonly kind: 'request-replay';
      readonly dueAt: number;
      readonly now: number;
      readonly owner: string;
      readonly requestedBy: string;
      readonly reason: string | null;
      /** Digest of the definition whose code is not here. */
      readonly needs?: string;
      /** Replay that asks for it: each is answered once, whatever became of the delivery since. */
      readonly replayId?: string;
      /** Nothing is recorded unless the delivery has one of these. Default: any. */
      readonly onlyIf?: readonly DeliveryStatus[];
    }
  | {
      readonly kind: 'discard';
      readonly now: number;
      readonly discardedBy: string;
      readonly reason: string | null;
    };

const iso = (epochMs: number): string => new Date(epochMs).toISOString();

type CommandOf<Kind extends DeliveryCommand['kind']> = Extract<DeliveryCommand, { kind: Kind }>;

function schedule(command: CommandOf<'schedule'>, state: DeliveryState): DeliveryEvent[] {
  if (state.status !== 'none') return []; // dispatched before: a second dispatch is a no-op
  const events: DeliveryEvent[] = [
    {
      type: 'DeliveryScheduled',
      data: {
        v: 1,
        origin: command.origin,
        run: 1,
        reason: command.reason,
        dueAt: iso(command.now),
        owner: command.owner,
        ...(command.needs === undefined ? {} : { needs: command.needs }),
        ...(command.replayId === undefined ? {} : { replayId: command.replayId }),
      },
    },
  ];
  if (command.claim) events.push(claimed(command.claim, 1));
  return events;
}

function claimed(claim: Claim, run: number): DeliveryEvent {
  return { type: 'DeliveryClaimed', data: { v: 1, run, ...claim } };
}

function claim(command: CommandOf<'claim'>, state: DeliveryState): DeliveryEvent[] {
  const isFree = isClaimable(state, command.now, command.lapsed);
  return isFree ? [claimed(command.claim, state.run)] : [];
}

function recordAttempt(
  command: CommandOf<'record-attempt'>,
  state: DeliveryState,
): DeliveryEvent[] {
  const isFirst = state.status === 'none';
  const isLate = isOvertaken(command, state);
  const isUnsent = command.outcome.kind === 'postponed';
  if (isUnsent && isLate) return []; // nothing was asked, and somebody else decides
  if (command.outcome.kind === 'postponed' && isPatient(command.outcome, command.now, state)) {
    return postponed(command, state);
  }
  const nextAt = isLate ? null : nextAttempt(command, state);
  const attempted: DeliveryEvent = {
    type: 'DeliveryAttempted',
    data: {
      v: 1,
      ...(isFirst ? { origin: command.origin } : {}),
      run: command.run,
      number: state.attemptCount + 1,
      trigger: command.trigger,
      attempt: command.attempt,
      nextAttemptAt: nextAt === null ? null : iso(nextAt),
      owner: command.owner,
      ...(isLate ? { isLate: true as const } : {}),
      ...(isUnsent ? { isUnsent: true as const } : {}),
    },
  };
  if (isLate || nextAt !== null) return [attempted];
  return [attempted, ending(command, state.attemptCount + 1)];
}

/** Whether an attempt that cannot be made may wait for longer. */
function isPatient(
  { limitMs }: { readonly limitMs: number },
  now: number,
  state: DeliveryState,
): boolean {
  return now - (state.postponed?.since ?? now) < limitMs;
}

function postponed(command: CommandOf<'record-attempt'>, state: DeliveryState): DeliveryEvent[] {
  const { attempt, now, origin, outcome, owner, run } = command;
  const round = (state.postponed?.rounds ?? 0) + 1;
  const random = outcome.kind === 'postponed' ? outcome.random : 0;
  const dueAt = iso(now + postponementMs(round, random));
  const event: DeliveryEvent = {
    type: 'DeliveryPostponed',
    data: {
      v: 1,
      run,
      round,
      since: iso(state.postponed?.since ?? now),
      postponedAt: iso(now),
      dueAt,
      owner,
      reason: attempt.errorClass ?? 'unknown',
      errorMessage: attempt.errorMessage,
    },
  };
  if (state.status !== 'none') return [event];
  const reason = 'postponed' as const;
  return [
    { type: 'DeliveryScheduled', data: { v: 1, origin, run: 1, reason, dueAt, owner } },
    event,
  ];
}

/** Whether an attempt comes too late to decide anything. */
function isOvertaken(command: CommandOf<'record-attempt'>, state: DeliveryState): boolean {
  if (state.status === 'none') return false;
  if (!isOpen(state) || command.run !== state.run) return true;
  const isItsTurn =
    state.claim === null
      ? state.status === 'scheduled' // nothing was attempted in this run yet
      : state.claim.claimId === command.claimId;
  // A stale failure must not move the due time of whoever took over, nor that which this one decided since; a stale
  // success still ends the run: it arrived.
  return !isItsTurn && command.outcome.kind !== 'success';
}

function nextAttempt(command: CommandOf<'record-attempt'>, state: DeliveryState): number | null {
  const { outcome } = command;
  if (outcome.kind !== 'failure' && outcome.kind !== 'postponed') return null;
  const { policy, random } = outcome;
  const retryAfterMs = outcome.kind === 'failure' ? outcome.retryAfterMs : null;
  const failedAttempts = state.runAttemptCount + 1;
  return nextAttemptAt({ policy, failedAttempts, now: command.now, random, retryAfterMs });
}

function ending(command: CommandOf<'record-attempt'>, attemptCount: number): DeliveryEvent {
  const end = { v: 1, run: command.run, attemptCount, completedAt: iso(command.now) } as const;
  if (command.outcome.kind === 'success') return { type: 'DeliverySucceeded', data: end };
  const reason =
    command.outcome.kind === 'refusal' ? command.outcome.reason : ('attempts_exhausted' as const);
  return {
    type: 'DeliveryDeadLettered',
    data: { ...end, reason, errorMessage: command.attempt.errorMessage },
  };
}

function deadLetter(command: CommandOf<'dead-letter'>, state: DeliveryState): DeliveryEvent[] {
  const isFirst = state.status === 'none';
  if (!isFirst && !(isOpen(state) && state.run === command.run)) return [];
  return [
    {
      type: 'DeliveryDeadLettered',
      data: {
        v: 1,
        ...(isFirst ? { origin: command.origin } : {}),
        run: command.run,
        reason: command.reason,
        errorMessage: command.errorMessage,
        attemptCount: state.attemptCount,
        completedAt: iso(command.now),
      },
    },
  ];
}

function requestReplay(
  command: CommandOf<'request-replay'>,
  state: DeliveryState,
): DeliveryEvent[] {
  if (state.status === 'none') throw new PosthornError('PSH_DELIVERY_NOT_FOUND');
  // A replay that is resumed after a crash asks again for what it had asked for, or had scheduled.
  if (command.replayId !== undefined && state.replayIds.includes(command.replayId)) return [];
  if (command.onlyIf && !command.onlyIf.includes(state.status)) return [];
  return [
    {
      type: 'DeliveryReplayRequested',
      data: {
        v: 1,
        run: isOpen(state) ? state.run : state.run + 1,
        dueAt: iso(command.dueAt),
        owner: command.owner,
        requestedAt: iso(command.now),
        requestedBy: command.requestedBy,
        reason: command.reason,
        ...(command.needs === undefined ? {} : { needs: command.needs }),
        ...(command.replayId === undefined ? {} : { replayId: command.replayId }),
      },
    },
  ];
}

function discard(command: CommandOf<'discard'>, state: DeliveryState): DeliveryEvent[] {
  if (state.status === 'none') throw new PosthornError('PSH_DELIVERY_NOT_FOUND');
  if (state.status === 'discarded') return [];
  if (state.status === 'succeeded') throw new PosthornError('PSH_DELIVERY_SUCCEEDED');
  return [
    {
      type: 'DeliveryDiscarded',
      data: {
        v: 1,
        run: state.run,
        completedAt: iso(command.now),
        discardedBy: command.discardedBy,
        reason: command.reason,
      },
    },
  ];
}

function decide(command: DeliveryCommand, state: DeliveryState): readonly DeliveryEvent[] {
  switch (command.kind) {
    case 'schedule':
      return schedule(command, state);
    case 'claim':
      return claim(command, state);
    case 'record-attempt':
      return recordAttempt(command, state);
    case 'dead-letter':
      return deadLetter(command, state);
    case 'request-replay':
      return requestReplay(command, state);
    case 'discard':
      return discard(command, state);
  }
}

/**
 * A delivery, as plain functions.
 *
 * ```
 *   (none) ── first attempt ends ─────────────────────────▶ succeeded | retrying | dead-lettered
 *   (none) ── recorded before it is attempted ────────────▶ scheduled ── claim ──▶ attempting
 *   attempting ── outcome ────────────────────────────────▶ succeeded | retrying | dead-lettered
 *   retrying ── claim ────────────────────────────────────▶ attempting
 *   (none) | attempting ── nothing could be asked ────────▶ scheduled | retrying, due later
 *   attempting ── the lease ran out, another claim ───────▶ attempting
 *   succeeded | dead-lettered | discarded ── replay ──────▶ scheduled (a new run)
 *   scheduled | retrying | attempting | dead-lettered ── discard ──▶ discarded
 * ```
 *
 * Each run has exactly one terminal event. The discard of a dead letter ends no run: the run had ended, and what is
 * recorded is that nobody will replay it.
 */
export const deliveryDecider: Decider<DeliveryCommand, DeliveryEvent, DeliveryState> = {
  initialState: NO_DELIVERY,
  decide,
  evolve: evolveDelivery,
};
