import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import type { StartReplayRequest } from './replay-request.js';
import {
  type ReplayCommandOptions,
  type ReplayCommandResult,
  type ReplayDeadLettersRequest,
  ReplaysService,
} from './replays.service.js';

/** Starts a replay of history; see `ReplaysService.start`. */
export class StartReplay extends Command<ReplayCommandResult> {
  constructor(readonly request: StartReplayRequest) {
    super();
  }
}

/** Starts a replay of dead letters; see `ReplaysService.startDeadLetters`. */
export class ReplayDeadLetters extends Command<{
  readonly replayId: string;
  /** How many dead letters matched when it was started. */
  readonly accepted: number;
  readonly position: bigint | null;
}> {
  constructor(readonly request: ReplayDeadLettersRequest) {
    super();
  }
}

/** Holds a replay; see `ReplaysService.pause`. */
export class PauseReplay extends Command<ReplayCommandResult> {
  constructor(
    readonly replayId: string,
    readonly options: ReplayCommandOptions = {},
  ) {
    super();
  }
}

/** Lets a replay go on; see `ReplaysService.resume`. */
export class ResumeReplay extends Command<ReplayCommandResult> {
  constructor(
    readonly replayId: string,
    readonly options: ReplayCommandOptions = {},
  ) {
    super();
  }
}

/** Ends a replay for good; see `ReplaysService.cancel`. */
export class CancelReplay extends Command<ReplayCommandResult> {
  constructor(
    readonly replayId: string,
    readonly options: ReplayCommandOptions = {},
  ) {
    super();
  }
}

/** Changes how fast a replay may go; see `ReplaysService.setRate`. */
export class ChangeReplayRate extends Command<ReplayCommandResult> {
  constructor(
    readonly replayId: string,
    readonly perSecond: number | null,
    readonly options: ReplayCommandOptions = {},
  ) {
    super();
  }
}

@CommandHandler(StartReplay)
class StartReplayHandler implements ICommandHandler<StartReplay> {
  constructor(private readonly replays: ReplaysService) {}

  execute({ request }: StartReplay): Promise<ReplayCommandResult> {
    return this.replays.start(request);
  }
}

@CommandHandler(ReplayDeadLetters)
class ReplayDeadLettersHandler implements ICommandHandler<ReplayDeadLetters> {
  constructor(private readonly replays: ReplaysService) {}

  async execute({ request }: ReplayDeadLetters) {
    const { accepted, position, replay } = await this.replays.startDeadLetters(request);
    return { replayId: replay.id, accepted, position };
  }
}

@CommandHandler(PauseReplay)
class PauseReplayHandler implements ICommandHandler<PauseReplay> {
  constructor(private readonly replays: ReplaysService) {}

  execute({ options, replayId }: PauseReplay): Promise<ReplayCommandResult> {
    return this.replays.pause(replayId, options);
  }
}

@CommandHandler(ResumeReplay)
class ResumeReplayHandler implements ICommandHandler<ResumeReplay> {
  constructor(private readonly replays: ReplaysService) {}

  execute({ options, replayId }: ResumeReplay): Promise<ReplayCommandResult> {
    return this.replays.resume(replayId, options);
  }
}

@CommandHandler(CancelReplay)
class CancelReplayHandler implements ICommandHandler<CancelReplay> {
  constructor(private readonly replays: ReplaysService) {}

  execute({ options, replayId }: CancelReplay): Promise<ReplayCommandResult> {
    return this.replays.cancel(replayId, options);
  }
}

@CommandHandler(ChangeReplayRate)
class ChangeReplayRateHandler implements ICommandHandler<ChangeReplayRate> {
  constructor(private readonly replays: ReplaysService) {}

  execute({ options, perSecond, replayId }: ChangeReplayRate): Promise<ReplayCommandResult> {
    return this.replays.setRate(replayId, perSecond, options);
  }
}

export const REPLAY_COMMAND_HANDLERS = [
  StartReplayHandler,
  ReplayDeadLettersHandler,
  PauseReplayHandler,
  ResumeReplayHandler,
  CancelReplayHandler,
  ChangeReplayRateHandler,
];
