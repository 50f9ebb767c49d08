import type { LogFilter } from '../embedded/event-log.js';

interface Expression {
  getRegex(): string;
  getPrefixList(): string[];
}

/** Both services have a class of their own for this; the fields are the same. */
interface FilterMessage {
  getStreamIdentifier(): Expression | undefined;
  getEventType(): Expression | undefined;
}

/** The engine's form of a filter. One with neither expression nor prefixes matches nothing. */
export function toLogFilter(message: FilterMessage): LogFilter {
  const byStream = message.getStreamIdentifier();
  const on = byStream ? 'stream' : 'type';
  const expression = byStream ?? message.getEventType();
  const regex = expression?.getRegex() ?? '';
  return regex === '' ? { on, prefixes: expression?.getPrefixList() ?? [] } : { on, regex };
}
