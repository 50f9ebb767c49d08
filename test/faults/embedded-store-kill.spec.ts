import { openEmbeddedLog } from '../../modules/event-store/embedded/open-embedded-log.js';
import { ChildProgram, killed } from '../support/child-program.js';
import { everything, proposed, temporaryFolder } from '../support/embedded-log-fixtures.js';

describe('a process that is killed while it appends to the embedded event store', () => {
  const folder = temporaryFolder();
  let program: ChildProgram;
  beforeAll(async () => {
    program = await ChildProgram.bundle('test/faults/appending-process.ts');
  });
  afterAll(async () => {
    await program.remove();
  });

  it('has lost nothing that was acknowledged, and left no append in part, each time', async () => {
    const acknowledged = new Map<string, string>();
    const rounds = 8;
    for (let round = 0; round < rounds; round++) {
      // each round goes on with the store that the last one left, and is cut off at another moment
      await runAndKill(program, folder(), `round${round}`, 50 + round * 150, acknowledged);
    }

    const opened = await openEmbeddedLog({ dataDir: folder() });
    const records = await everything(opened.log);
    const ids = new Map(
      records.map((record) => [`${record.stream} ${record.revision}`, record.id]),
    );
    const lost = [...acknowledged].filter(([place, id]) => ids.get(place) !== id);
    const byStream = new Map<string, number>();
    for (const { stream } of records) byStream.set(stream, (byStream.get(stream) ?? 0) + 1);
    const { position } = await opened.log.append('afterwards', 'no_stream', [proposed()]);
    await opened.close();

    expect(acknowledged.size).toBeGreaterThan(rounds * 50);
    expect(lost).toEqual([]);
    expect([...byStream.values()].filter((count) => count % 2 !== 0)).toEqual([]);
    expect(position).toBe((records.at(-1)?.position ?? 0) + 1);
  }, 120_000);
});

async function runAndKill(
  program: ChildProgram,
  dataDir: string,
  name: string,
  appends: number,
  acknowledged: Map<string, string>,
): Promise<void> {
  let count = 0;
  let reached: () => void = () => undefined;
  const enough = new Promise<void>((resolve) => (reached = resolve));
  const child = program.start([dataDir, name], (line) => {
    const [stream = '', revision = '', id = ''] = line.split(' ');
    if (id === '') return;
    acknowledged.set(`${stream} ${revision}`, id);
    if (++count >= appends) reached();
  });
  await enough;
  await killed(child);
}
