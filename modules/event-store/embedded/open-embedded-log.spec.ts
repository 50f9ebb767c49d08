import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LogRecord, ProposedEvent } from './event-log.js';
import { openEmbeddedLog } from './open-embedded-log.js';

function event(data: unknown): ProposedEvent {
  return {
    id: randomUUID(),
    type: 'thing',
    isJson: true,
    data: Buffer.from(JSON.stringify(data)),
    metadata: Buffer.alloc(0),
  };
}

describe('openEmbeddedLog', () => {
  let dataDir: string;
  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'embedded-log-'));
  });
  afterEach(() => {
    rmSync(dataDir, { recursive: true });
  });

  it('keeps what was appended, and shows it to those who listen before the append resolves', async () => {
    const opened = await openEmbeddedLog({ dataDir });
    const { log } = opened;
    const seen: LogRecord[] = [];
    log.onCommitted((records) => seen.push(...records));

    const outcome = await log.append('s', 'no_stream', [event(1), event(2)]);
    const page = await log.readStream({
      stream: 's',
      direction: 'forwards',
      from: 'start',
      limit: 10,
      resolveLinks: false,
    });
    const all = await log.readAll({
      direction: 'backwards',
      from: 'end',
      limit: 10,
      resolveLinks: false,
    });
    await opened.close();

    expect(outcome).toEqual({ revision: 1, position: 2 });
    expect(page.records.map(({ event }) => event)).toEqual(seen);
    expect(all.records.map(({ event }) => event?.position)).toEqual([2, 1]);
    const again = await openEmbeddedLog({ dataDir });
    expect(again.log.head).toBe(2);
    await expect(again.log.append('s', 'no_stream', [event(3)])).rejects.toMatchObject({
      detail: { kind: 'wrong-expected-version', current: 1 },
    });
    await again.close();
  });
});
