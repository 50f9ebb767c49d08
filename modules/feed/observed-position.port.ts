/**
 * Position up to which the consumer group has answered every event: each of their deliveries is in the log, or the event
 * is quarantined. What lies behind it may be looked at again without meeting an instance that is still at it. It is the
 * position of a record, or -1 while nothing is known: the group does not exist (yet), or has answered nothing.
 *
 * Never ahead of that. On a quiet system it reaches the end of the log as soon as the last event was answered. It may go
 * back, when the group was created again further back.
 *
 * @throws what the client throws when the event store cannot be asked
 */
export type ObservedPosition = () => Promise<bigint>;

/** Injection token of the `ObservedPosition`. */
export const OBSERVED_POSITION = Symbol('posthorn.ObservedPosition');
