import { closeSync, openSync, readFileSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import SqliteDatabase from 'better-sqlite3';
import { proposedNumbers, temporaryFolder } from '../../../test/support/embedded-log-fixtures.js';
import { openEmbeddedLog } from './open-embedded-log.js';

describe('a store that cannot be used', () => {
  const folder = temporaryFolder();
  const file = (): string => join(folder(), 'event-store.db');
  const fill = async (): Promise<void> => {
    const opened = await openEmbeddedLog({ dataDir: folder() });
    for (let n = 0; n < 20; n++) await opened.log.append(`s-${n}`, 'any', proposedNumbers(50));
    await opened.close();
  };

  const damages: [string, string, () => void][] = [
    [
      'text',
      'CORRUPT',
      () => {
        writeFileSync(file(), 'not a database, but long enough to look');
      },
    ],
    [
      'cut off in the middle',
      'CORRUPT',
      () => {
        truncateSync(file(), 40_960);
      },
    ],
    [
      'damaged in the middle',
      'CORRUPT',
      () => {
        overwrite(file(), 20_480, 16_384);
      },
    ],
    [
      'damaged in its first page',
      'CORRUPT',
      () => {
        overwrite(file(), 100, 2_000);
      },
    ],
    [
      'a database of something else',
      'CORRUPT',
      () => {
        sql(file(), 'PRAGMA application_id = 1');
      },
    ],
    [
      'without its format',
      'CORRUPT',
      () => {
        sql(file(), "DELETE FROM meta WHERE key = 'format_version'");
      },
    ],
    [
      'from a newer version',
      'NEWER_FORMAT',
      () => {
        sql(file(), "UPDATE meta SET value = 99 WHERE key = 'format_version'");
      },
    ],
  ];

  it.each(damages)(
    'because it is %s is refused as %s and left as it is',
    async (_, cause, damage) => {
      await fill();
      damage();
      const before = readFileSync(file());

      await expect(openEmbeddedLog({ dataDir: folder() })).rejects.toMatchObject({
        code: `PSH_EVENT_STORE_${cause}`,
        message: expect.stringContaining(folder()) as string,
      });
      expect(readFileSync(file()).equals(before)).toBe(true);
      // the refusal leaves no lock behind
      await expect(openEmbeddedLog({ dataDir: folder() })).rejects.toMatchObject({
        code: `PSH_EVENT_STORE_${cause}`,
      });
    },
  );

  it('is not one that was cut off while it was made', async () => {
    writeFileSync(file(), '');

    const opened = await openEmbeddedLog({ dataDir: folder() });

    expect(await opened.log.append('s', 'any', proposedNumbers(1))).toMatchObject({ revision: 0 });
    await opened.close();
  });
});

function overwrite(path: string, from: number, length: number): void {
  const descriptor = openSync(path, 'r+');
  writeSync(descriptor, Buffer.alloc(length, 0x5a), 0, length, from);
  closeSync(descriptor);
}

function sql(path: string, statement: string): void {
  const database = new SqliteDatabase(path);
  database.exec(statement);
  database.close();
}
