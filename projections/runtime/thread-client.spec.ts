import { ThreadClient } from './thread-client.js';

interface Methods {
  echo(text: string): string;
  die(): void;
}

function thread(code: string): ThreadClient<Methods> {
  const script = `import { parentPort } from 'node:worker_threads'; parentPort.on('message', ({ id, method, argument }) => { ${code} });`;
  const url = new URL(`data:text/javascript,${encodeURIComponent(script)}`);
  return new ThreadClient<Methods>(url, 'test-thread', {});
}

const ANSWERING = `
  if (method === 'die') throw new Error('it is over');
  parentPort.postMessage({ id, value: argument + '!' });`;

describe('a thread', () => {
  it('answers calls, each its own', async () => {
    const client = thread(ANSWERING);
    expect(await Promise.all([client.call('echo', 'a'), client.call('echo', 'b')])).toEqual([
      'a!',
      'b!',
    ]);
    await client.terminate();
  });

  it('gives its errors with their codes', async () => {
    const client = thread(
      `parentPort.postMessage({ id, failure: { code: 'PSH_PROJECTION_FILE_DAMAGED', message: 'oh' } });`,
    );
    await expect(client.call('echo', 'a')).rejects.toMatchObject({
      code: 'PSH_PROJECTION_FILE_DAMAGED',
      message: 'oh',
    });
    await client.terminate();
  });

  it('that dies fails what waits for it and whatever is asked later', async () => {
    const client = thread(ANSWERING);
    expect(client.isDead).toBe(false);
    const waiting = client.call('die', undefined);
    await expect(waiting).rejects.toMatchObject({ code: 'PSH_PROJECTION_UNAVAILABLE' });
    await expect(client.call('echo', 'a')).rejects.toMatchObject({
      code: 'PSH_PROJECTION_UNAVAILABLE',
      message: expect.stringContaining('test-thread'),
    });
    expect(client.isDead).toBe(true);
  });
});
