import { randomUUID } from 'node:crypto';
import { openEmbeddedLog } from '../../modules/event-store/embedded/open-embedded-log.js';

/**
 * Opens the log in the folder given and appends to it from many sides until it is killed. Prints a line for each append
 * when it is acknowledged: the stream, the revision, and the id of its last event.
 */
const [dataDir = '', name = ''] = process.argv.slice(2);
const { log } = await openEmbeddedLog({ dataDir });
process.stdout.write('open\n');

async function appendForEver(writer: number): Promise<never> {
  for (let n = 0; ; n++) {
    const stream = n % 2 === 0 ? `${name}-${writer}-${n}` : `${name}-shared`;
    const events = [0, 1].map((index) => ({
      id: randomUUID(),
      type: 'appended',
      isJson: true,
      data: Buffer.from(
        JSON.stringify({ writer, n, index, filling: 'x'.repeat((n * 37) % 5_000) }),
      ),
      metadata: new Uint8Array(0),
    }));
    const { revision } = await log.append(stream, n % 2 === 0 ? 'no_stream' : 'any', events);
    process.stdout.write(`${stream} ${revision} ${events[1]?.id ?? ''}\n`);
  }
}

await Promise.all(Array.from({ length: 32 }, (_, writer) => appendForEver(writer)));
