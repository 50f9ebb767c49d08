import type { Decider } from '../../kernel/index.js';
import type { EndpointEvent, EndpointStage } from '../endpoint.events.js';

export type EndpointCommand =
  | {
      readonly kind: 'warn';
      readonly webhookId: string;
      readonly stage: EndpointStage;
      /** Epoch milliseconds, as all times here. */
      readonly failingSince: number;
      readonly lastFailureAt: number;
      readonly failureCount: number;
      readonly disablesAt: number | null;
      readonly now: number;
    }
  | {
      readonly kind: 'recover';
      readonly webhookId: string;
      readonly failingSince: number;
      readonly now: number;
    };

/** What was last said of an endpoint. */
export interface EndpointState {
  /** Since when it fails, or failed; `null` when nothing was ever said. */
  readonly failingSince: string | null;
  /** 0 once it has recovered. */
  readonly stage: EndpointStage | 0;
}

/**
 * What is said of an endpoint that fails: each stage once for each time that it began to fail, and its recovery once.
 * Every instance decides from the same log, so what two of them decide at once is the same, and one of them records it.
 */
export const endpointDecider: Decider<EndpointCommand, EndpointEvent, EndpointState> = {
  initialState: { failingSince: null, stage: 0 },
  decide: (command, state) =>
    command.kind === 'warn' ? warn(command, state) : recover(command, state),
  evolve: (_state, { data, type }) => ({
    failingSince: data.failingSince,
    stage: type === 'EndpointFailing' ? data.stage : 0,
  }),
};

type CommandOf<Kind extends EndpointCommand['kind']> = Extract<EndpointCommand, { kind: Kind }>;

function warn(command: CommandOf<'warn'>, state: EndpointState): readonly EndpointEvent[] {
  const failingSince = iso(command.failingSince);
  // Said already, or recovered since: whoever decides late decides nothing.
  const isSaid =
    state.failingSince === failingSince && (state.stage === 0 || state.stage >= command.stage);
  if (isSaid || isLater(state, failingSince)) return [];
  const { disablesAt, failureCount, lastFailureAt, now, stage, webhookId } = command;
  return [
    {
      type: 'EndpointFailing',
      data: {
        ...{ v: 1, webhookId, stage, failingSince, failureCount },
        lastFailureAt: iso(lastFailureAt),
        disablesAt: disablesAt === null ? null : iso(disablesAt),
        at: iso(now),
      },
    },
  ];
}

function recover(command: CommandOf<'recover'>, state: EndpointState): readonly EndpointEvent[] {
  const failingSince = iso(command.failingSince);
  if (state.failingSince !== failingSince || state.stage === 0) return [];
  const { now, webhookId } = command;
  return [{ type: 'EndpointRecovered', data: { v: 1, webhookId, failingSince, at: iso(now) } }];
}

function isLater(state: EndpointState, failingSince: string): boolean {
  return state.failingSince !== null && state.failingSince > failingSince;
}

function iso(epochMs: number): string {
  return new Date(epochMs).toISOString();
}
