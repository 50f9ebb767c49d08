import { temporaryFolder } from '../../../test/support/embedded-log-fixtures.js';
import { openForReading, openForWriting } from './open-database.js';

describe('openForWriting', () => {
  const folder = temporaryFolder();

  it('makes a store whose commits are on disk when they return, and whose room can be given back', () => {
    const database = openForWriting(folder());
    const setting = (name: string): unknown => database.pragma(name, { simple: true });

    const settings = {
      journalMode: setting('journal_mode'),
      synchronous: setting('synchronous'),
      autoVacuum: setting('auto_vacuum'),
    };
    database.close();

    expect(settings).toEqual({ journalMode: 'wal', synchronous: 2, autoVacuum: 2 });
  });

  it('gives a store that was there the same settings', () => {
    openForWriting(folder()).close();

    const database = openForWriting(folder());
    const synchronous = database.pragma('synchronous', { simple: true });
    database.close();

    expect(synchronous).toBe(2);
  });

  it('is the only one that can write', () => {
    const writable = openForWriting(folder());
    const readable = openForReading(folder());

    expect(() => readable.exec('DELETE FROM meta')).toThrow('readonly');
    expect(readable.prepare('SELECT count(*) FROM meta').pluck().get()).toBe(2);
    readable.close();
    writable.close();
  });
});
