import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type {
  AllPage,
  EventLog,
  LogRecord,
  ProposedEvent,
  StreamPage,
} from '../../modules/event-store/embedded/event-log.js';

/** An event for the engine. */
export function proposed(
  data: unknown = {},
  overrides: Partial<ProposedEvent> = {},
): ProposedEvent {
  return {
    id: randomUUID(),
    type: 'thing-happened',
    isJson: true,
    data: Buffer.from(JSON.stringify(data)),
    metadata: new Uint8Array(0),
    ...overrides,
  };
}

/** Events whose data are the numbers from `from` on. */
export function proposedNumbers(count: number, from = 0): ProposedEvent[] {
  return Array.from({ length: count }, (_, index) => proposed(from + index));
}

/** What the data of records says. */
export function valuesOf(records: readonly (LogRecord | undefined)[]): unknown[] {
  return records.map(
    (record) => record && (JSON.parse(Buffer.from(record.data).toString()) as unknown),
  );
}

/** A folder of its own for each test of the suite, removed after it. */
export function temporaryFolder(): () => string {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'posthorn-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });
  return () => folder;
}

/** Every record that can be read in a stream. */
export async function streamOf(log: EventLog, stream: string): Promise<LogRecord[]> {
  const records: LogRecord[] = [];
  let from: number | 'start' = 'start';
  for (;;) {
    const page: StreamPage = await log.readStream({
      stream,
      direction: 'forwards',
      from,
      limit: 1_000,
      resolveLinks: false,
    });
    records.push(...eventsOf(page));
    if (page.next === null) return records;
    from = page.next;
  }
}

/** Every record of the log. */
export async function everything(log: EventLog): Promise<LogRecord[]> {
  const records: LogRecord[] = [];
  let from: number | 'start' = 'start';
  for (;;) {
    const page: AllPage = await log.readAll({
      direction: 'forwards',
      from,
      limit: 1_000,
      resolveLinks: false,
    });
    records.push(...eventsOf(page));
    if (page.isEnd) return records;
    from = page.next;
  }
}

function eventsOf({ records }: AllPage | StreamPage): LogRecord[] {
  return records.flatMap(({ event }) => (event ? [event] : []));
}
