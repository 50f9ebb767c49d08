import { once } from 'node:events';
import type { CatchUpItem, CatchUpSubscription } from '../embedded/catch-up.js';
import type { LogRecord } from '../embedded/event-log.js';
import { RecordSubscription } from './record-subscription.js';

/** A source that hands over what it is given, and counts how often it is asked. */
class ScriptedSource implements CatchUpSubscription {
  asked = 0;
  isClosed = false;
  readonly #pages: CatchUpItem[][];
  #wake: () => void = () => undefined;

  constructor(pages: CatchUpItem[][]) {
    this.#pages = pages;
  }

  async next(): Promise<readonly CatchUpItem[] | undefined> {
    this.asked++;
    const page = this.#pages.shift();
    if (page) return page;
    await new Promise<void>((resolve) => (this.#wake = resolve));
    return undefined;
  }

  close(): void {
    this.isClosed = true;
    this.#wake();
  }
}

const event = (revision: number): CatchUpItem => ({
  kind: 'event',
  entry: { event: { revision } as LogRecord },
});

const checkpoint = (position: number): CatchUpItem => ({ kind: 'checkpoint', position });

const face = {
  convert: ({ event }: { readonly event?: LogRecord }) => event?.revision,
  deleted: () => new Error('deleted'),
};

describe('RecordSubscription', () => {
  it('takes no more from its source than its consumer has room for', async () => {
    const source = new ScriptedSource([[event(0), event(1)], [event(2), event(3)], [event(4)]]);
    const subscription = new RecordSubscription(source, face, { highWaterMark: 2 });
    await once(subscription, 'readable');
    await new Promise(setImmediate);

    expect(source.asked).toBe(1);
    expect(subscription.readableLength).toBe(2);

    subscription.read();
    subscription.read();
    await once(subscription, 'readable');
    expect(source.asked).toBe(2);
    subscription.destroy();
  });

  it('reports a checkpoint when everything before it was taken, and goes on when that is done', async () => {
    const happened: unknown[] = [];
    let finish: () => void = () => undefined;
    const checkpointReached = async (position: number): Promise<void> => {
      happened.push(`checkpoint ${position}`);
      await new Promise<void>((resolve) => (finish = resolve));
      happened.push('noted');
    };
    const source = new ScriptedSource([[event(0), event(1), checkpoint(2), event(3)]]);
    const subscription = new RecordSubscription(source, { ...face, checkpointReached }, {});
    await once(subscription, 'readable');
    await new Promise(setImmediate);
    expect(happened).toEqual([]);

    happened.push(subscription.read());
    await new Promise(setImmediate);
    expect(happened).toEqual([0]);
    happened.push(subscription.read());
    await new Promise(setImmediate);
    expect(happened).toEqual([0, 1, 'checkpoint 2']);
    expect(subscription.read()).toBeNull();
    finish();
    await once(subscription, 'readable');
    happened.push(subscription.read());
    subscription.destroy();

    expect(happened).toEqual([0, 1, 'checkpoint 2', 'noted', 3]);
  });

  it('fails when the checkpoint cannot be noted', async () => {
    const checkpointReached = () => Promise.reject(new Error('no room for checkpoints'));
    const source = new ScriptedSource([[checkpoint(1), event(2)]]);

    const subscription = new RecordSubscription(source, { ...face, checkpointReached }, {});
    const [error] = (await once(subscription, 'error')) as [Error];

    expect(error.message).toBe('no room for checkpoints');
    expect(source.isClosed).toBe(true);
  });

  it('hands over what came before a deletion, and only then fails', async () => {
    const source = new ScriptedSource([[event(0), event(1), { kind: 'stream-deleted' }]]);
    const subscription = new RecordSubscription(source, face, {});
    const seen: unknown[] = [];

    const consumed = (async () => {
      for await (const one of subscription) seen.push(one);
    })();

    await expect(consumed).rejects.toThrow('deleted');
    expect(seen).toEqual([0, 1]);
  });

  it('closes its source when its consumer leaves or unsubscribes; what it holds still comes', async () => {
    const sources = [new ScriptedSource([[event(0)]]), new ScriptedSource([[event(0)]])] as const;
    const [left, unsubscribed] = sources.map((source) => new RecordSubscription(source, face, {}));
    if (!left || !unsubscribed) throw new Error('no subscriptions');

    for await (const one of left) {
      expect(one).toBe(0);
      break;
    }
    await unsubscribed.unsubscribe();
    await unsubscribed.unsubscribe();

    expect(sources.map(({ isClosed }) => isClosed)).toEqual([true, true]);
    const rest: unknown[] = [];
    for await (const one of unsubscribed) rest.push(one);
    expect(rest).toEqual([0]);
  });
});
