import { once } from 'node:events';
import { chmodSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { ChildProgram, killed } from '../../../test/support/child-program.js';
import {
  everything,
  proposed,
  temporaryFolder,
} from '../../../test/support/embedded-log-fixtures.js';
import { openEmbeddedLog } from './open-embedded-log.js';

describe('the folder of an embedded log', () => {
  const folder = temporaryFolder();

  it('is opened once in a process; who comes second is told who was first', async () => {
    const first = await openEmbeddedLog({ dataDir: folder() });

    await expect(openEmbeddedLog({ dataDir: folder() })).rejects.toMatchObject({
      code: 'PSH_EVENT_STORE_FOLDER_IN_USE',
      message: expect.stringMatching(
        new RegExp(`process ${process.pid} on ${hostname()} since \\d{4}-\\d\\d-\\d\\dT`),
      ) as string,
    });
    expect(await first.log.append('s', 'any', [proposed()])).toMatchObject({ revision: 0 });
    await first.close();

    const next = await openEmbeddedLog({ dataDir: folder() });
    expect(next.log.head).toBe(1);
    await next.close();
  });

  it('is free again as soon as its owner is dead, however it died', async () => {
    const program = await ChildProgram.bundle('test/faults/appending-process.ts');
    try {
      let opened: () => void = () => undefined;
      const isOpen = new Promise<void>((resolve) => (opened = resolve));
      const owner = program.start([folder(), 'owner'], (line) => {
        if (line === 'open') opened();
      });
      await isOpen;

      await expect(openEmbeddedLog({ dataDir: folder() })).rejects.toMatchObject({
        code: 'PSH_EVENT_STORE_FOLDER_IN_USE',
        message: expect.stringContaining(`process ${String(owner.pid)} on`) as string,
      });
      await killed(owner);

      const { log, close } = await openAnew(folder());
      expect((await everything(log)).length).toBe(log.head);
      await close();
    } finally {
      await program.remove();
    }
  }, 30_000);

  it('stays locked against other processes, however often it is asked for in this one', async () => {
    const program = await ChildProgram.bundle('test/faults/appending-process.ts');
    const opened = await openEmbeddedLog({ dataDir: folder() });
    await expect(openEmbeddedLog({ dataDir: folder() })).rejects.toThrow('is owned by');

    const lines: string[] = [];
    const other = program.start([folder(), 'other'], (line) => lines.push(line));
    const [code] = (await once(other, 'close')) as [number];

    expect(code).not.toBe(0);
    expect(lines).toEqual([]);
    await opened.close();
    await program.remove();
  }, 30_000);

  it('is private: folder and files can be used by their owner only', async () => {
    const dataDir = join(folder(), 'new', 'deep');

    const opened = await openEmbeddedLog({ dataDir });
    await opened.log.append('s', 'any', [proposed()]);
    const modes = readdirSync(dataDir).map((name) => modeOf(join(dataDir, name)));
    await opened.close();

    expect(modeOf(dataDir)).toBe('700');
    expect(modes.length).toBeGreaterThanOrEqual(3);
    expect([...new Set(modes)]).toEqual(['600']);
  });

  it('that cannot be created, or holds something in the way, is named', async () => {
    const file = join(folder(), 'file');
    writeFileSync(file, '');
    const blocked = join(folder(), 'blocked');
    mkdirSync(join(blocked, 'event-store.db'), { recursive: true });

    for (const dataDir of [join(file, 'below'), blocked]) {
      await expect(openEmbeddedLog({ dataDir })).rejects.toMatchObject({
        code: 'PSH_EVENT_STORE_FOLDER_NOT_WRITABLE',
        message: expect.stringContaining(dataDir) as string,
      });
    }
  });

  it('that may not be written is named', async () => {
    const dataDir = join(folder(), 'read-only');
    mkdirSync(dataDir);
    chmodSync(dataDir, 0o500);
    const isRoot = process.getuid?.() === 0; // root may write everywhere

    const opening = openEmbeddedLog({ dataDir }).then(async (opened) => {
      await opened.close();
      return 'opened';
    });

    const outcome = await opening.catch((error: unknown) => (error as { code: string }).code);
    expect(outcome).toBe(isRoot ? 'opened' : 'PSH_EVENT_STORE_FOLDER_NOT_WRITABLE');
  });
});

async function openAnew(dataDir: string) {
  const opened = await openEmbeddedLog({ dataDir });
  return { log: opened.log, close: () => opened.close() };
}

function modeOf(path: string): string {
  return (statSync(path).mode & 0o777).toString(8);
}
