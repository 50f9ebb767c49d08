import { type IQueryHandler, Query, QueryHandler } from '@nestjs/cqrs';
import type { GetReplaysOptions } from './replay-index.port.js';
import type { ReplayItem } from './replay-item.js';
import { type ReplaysPage, ReplaysService } from './replays.service.js';

/** One replay, as its stream tells it; see `ReplaysService.get`. */
export class GetReplay extends Query<ReplayItem> {
  constructor(readonly replayId: string) {
    super();
  }
}

/** Replays, newest first; see `ReplaysService.list`. */
export class GetReplays extends Query<ReplaysPage> {
  constructor(readonly options: GetReplaysOptions = {}) {
    super();
  }
}

@QueryHandler(GetReplay)
class GetReplayHandler implements IQueryHandler<GetReplay> {
  constructor(private readonly replays: ReplaysService) {}

  execute({ replayId }: GetReplay): Promise<ReplayItem> {
    return this.replays.get(replayId);
  }
}

@QueryHandler(GetReplays)
class GetReplaysHandler implements IQueryHandler<GetReplays> {
  constructor(private readonly replays: ReplaysService) {}

  execute({ options }: GetReplays): Promise<ReplaysPage> {
    return this.replays.list(options);
  }
}

export const REPLAY_QUERY_HANDLERS = [GetReplayHandler, GetReplaysHandler];
