import { SharedRead } from './shared-read.js';

/** Reads that end when they are told to. */
class Reads {
  readonly begun: { end: () => void; fail: (error: Error) => void }[] = [];

  readonly read = (): Promise<void> =>
    new Promise<void>((resolve, reject) => {
      this.begun.push({ end: resolve, fail: reject });
    });

  end(index: number): void {
    this.begun[index]?.end();
  }
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
}

describe('SharedRead', () => {
  it('lets all who ask at once share one read', async () => {
    const reads = new Reads();
    const shared = new SharedRead(reads.read);

    const waiting = [shared.request(), shared.request(), shared.request()];
    await settle();
    expect(reads.begun).toHaveLength(1);

    reads.end(0);
    await Promise.all(waiting);
  });

  it('lets who asks while a read is under way wait for the next, with all who come meanwhile', async () => {
    const reads = new Reads();
    const shared = new SharedRead(reads.read);
    const served: string[] = [];
    const note = (name: string) => () => served.push(name);

    const first = shared.request().then(note('first'));
    await settle();
    const second = shared.request().then(note('second'));
    const third = shared.request().then(note('third'));
    await settle();
    expect(reads.begun).toHaveLength(1);

    reads.end(0);
    await first;
    await settle();
    expect(served).toEqual(['first']);
    expect(reads.begun).toHaveLength(2);

    reads.end(1);
    await Promise.all([second, third]);
    expect(served).toEqual(['first', 'second', 'third']);
  });

  it('fails those who shared the failed read, and nobody else', async () => {
    const reads = new Reads();
    const shared = new SharedRead(reads.read);

    const first = shared.request();
    await settle();
    const second = shared.request();
    reads.begun[0]?.fail(new Error('unreachable'));

    await expect(first).rejects.toThrow('unreachable');
    await settle();
    reads.end(1);
    await expect(second).resolves.toBeUndefined();
  });
});
