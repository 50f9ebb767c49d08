/**
 * An aggregate as plain values: what to record is decided apart from recording it.
 *
 * `decide` never performs I/O and throws only a `PosthornError` (a refused command); `evolve` never throws, because
 * what is recorded has happened.
 */
export interface Decider<Command, Event, State> {
  readonly initialState: State;
  decide(command: Command, state: State): readonly Event[];
  evolve(state: State, event: Event): State;
}

/** Folds `events` into a state, beginning with `from` (default: the initial state). */
export function fold<Command, Event, State>(
  decider: Decider<Command, Event, State>,
  events: Iterable<Event>,
  from: State = decider.initialState,
): State {
  let state = from;
  for (const event of events) state = decider.evolve(state, event);
  return state;
}
