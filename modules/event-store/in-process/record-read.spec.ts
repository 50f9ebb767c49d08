import type { LogRecord } from '../embedded/event-log.js';
import { RecordRead, type ReadPage } from './record-read.js';

function page(from: number, isEnd: boolean): ReadPage {
  const content = { data: new Uint8Array(0), metadata: new Uint8Array(0), isJson: false };
  const records = [from, from + 1].map((revision) => {
    const event: LogRecord = {
      ...content,
      position: 1,
      stream: 'a',
      revision,
      id: '',
      type: 'x',
      created: 0,
    };
    return { event };
  });
  return { records, isEnd };
}

/** A read of the revisions 0 to 5 in three pages, or of as many as come before it fails. */
function given({ failsAt = Infinity } = {}) {
  let pages = 0;
  const read = new RecordRead(
    () => {
      if (pages === failsAt) return Promise.reject(new TypeError('it failed'));
      return Promise.resolve(page(2 * pages++, pages === 3));
    },
    ({ event }) => event?.revision,
    {},
  );
  const errors: Error[] = [];
  read.on('error', (error) => errors.push(error));
  return { read, errors, pagesRead: () => pages };
}

async function taken(read: AsyncIterable<unknown>, most = Infinity): Promise<unknown[]> {
  const revisions: unknown[] = [];
  for await (const revision of read) {
    revisions.push(revision);
    if (revisions.length >= most) break;
  }
  return revisions;
}

describe('a finite read', () => {
  it('is iterated to its end', async () => {
    const { read, errors } = given();
    expect(await taken(read)).toEqual([0, 1, 2, 3, 4, 5]);
    expect([read.destroyed, errors]).toEqual([true, []]);
  });

  it('ends without an error, and reads no further, when its consumer leaves', async () => {
    const { read, errors, pagesRead } = given();
    expect(await taken(read, 3)).toEqual([0, 1, 2]);
    expect([read.destroyed, errors, pagesRead()]).toEqual([true, [], 2]);
  });

  it('fails where a page does', async () => {
    const { read } = given({ failsAt: 1 });
    await expect(taken(read)).rejects.toThrow('it failed');
    expect(read.destroyed).toBe(true);
  });

  it('fails with what it is destroyed with meanwhile', async () => {
    const { read } = given();
    const iterator = read[Symbol.asyncIterator]();
    await iterator.next();
    read.destroy(new RangeError('no more'));
    await expect(iterator.next()).rejects.toThrow('no more');
  });

  it('ends where it is cancelled', async () => {
    const { read } = given();
    const iterator = read[Symbol.asyncIterator]();
    await iterator.next();
    await read.cancel();
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
  });

  it('gives the rest to who iterates after taking some', async () => {
    const { read } = given();
    const first = await new Promise((resolve) => {
      read.once('data', (revision) => {
        read.pause();
        resolve(revision);
      });
    });
    expect([first, ...(await taken(read))]).toEqual([0, 1, 2, 3, 4, 5]);
  });
});
