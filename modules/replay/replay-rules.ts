import { type FieldProblem, PosthornError } from '../kernel/index.js';

/** Bounds of what can be asked of a replay. */
export const REPLAY_LIMITS = { perSecond: 10_000, reasonLength: 500, eventTypes: 200 } as const;

/** Who starts and ends a replay that no person started or ended. */
export const BY_ITSELF = 'posthorn';

/** Letters, digits, `-` and `_`: what every event store takes in the name of a stream. */
const REPLAY_ID = /^[A-Za-z0-9_-]{1,64}$/;

/** The mistakes in what was asked for; every check goes on after one, so that all are reported at once. */
export class ReplayProblems {
  readonly #found: FieldProblem[] = [];

  get isEmpty(): boolean {
    return this.#found.length === 0;
  }

  add(field: string, message: string, fix: string): void {
    this.#found.push({ field, message, fix });
  }

  /** @throws PosthornError `PSH_REPLAY_INVALID` with all of them, if there are any */
  refuse(): void {
    if (this.isEmpty) return;
    const message = this.#found.map(({ field, message: text }) => `${field} ${text}`).join('; ');
    throw new PosthornError('PSH_REPLAY_INVALID', message, { problems: this.#found });
  }
}

/** What is asked of every replay, whatever it replays. */
export interface CommonRequest {
  readonly replayId?: string | undefined;
  readonly perSecond?: number | null | undefined;
  readonly reason?: string | null | undefined;
}

export function checkCommon(request: CommonRequest, problems: ReplayProblems): void {
  const { perSecond, reason, replayId } = request;
  if (replayId !== undefined && !REPLAY_ID.test(replayId)) {
    problems.add(
      'id',
      'must be 1 to 64 letters, digits, - or _',
      'Give such an id, or none: one is made then.',
    );
  }
  checkRate(perSecond ?? null, problems);
  if ((reason?.length ?? 0) > REPLAY_LIMITS.reasonLength) {
    const longest = REPLAY_LIMITS.reasonLength;
    problems.add('reason', `must have at most ${longest} characters`, 'Shorten it.');
  }
}

export function checkRate(perSecond: number | null, problems: ReplayProblems): void {
  const isRate = perSecond === null || (Number.isInteger(perSecond) && perSecond >= 1);
  if (isRate && (perSecond ?? 0) <= REPLAY_LIMITS.perSecond) return;
  const rule = `a whole number from 1 to ${REPLAY_LIMITS.perSecond}`;
  problems.add(
    'perSecond',
    `must be ${rule}`,
    `Give ${rule}, or none: as fast as the webhook takes them.`,
  );
}
