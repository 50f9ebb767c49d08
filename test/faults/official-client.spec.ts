import { ChildProgram } from '../support/child-program.js';

interface Outcome {
  readonly lines: readonly string[];
  readonly exitCode: number | null;
}

/**
 * What the official client does to its process when the network fails, and what it does as Posthorn connects it. The first
 * is kept here as a fact: should a version of the client behave otherwise, the guard against it can go.
 */
describe('a process with a client of the event store', () => {
  let program: ChildProgram;
  beforeAll(async () => {
    program = await ChildProgram.bundle('test/faults/official-client-process.ts');
  });
  afterAll(async () => {
    await program.remove();
  });

  function outcomeOf(scenario: string, via: 'official' | 'posthorn'): Promise<Outcome> {
    const lines: string[] = [];
    const child = program.start([scenario, via], (line) => lines.push(line));
    return new Promise((resolve) => {
      child.once('close', (exitCode) => {
        resolve({ lines, exitCode });
      });
    });
  }

  const alive = (...lines: readonly string[]): Outcome => ({
    lines: [...lines, 'alive'],
    exitCode: 0,
  });

  describe('of Posthorn lives on', () => {
    it.each([
      [
        'and has its answers, when a client of the application loses its connection',
        'clientOfTheApplicationIsCutOff',
        alive('1 done, 0 failed'),
      ],
      [
        'and knows no outcome, when another connection of Posthorn is lost: the append is tried again',
        'anotherConnectionIsCutOff',
        alive('0 done, 1 failed'),
      ],
      [
        'and every append ends, when the connection breaks under a flood of them',
        'floodIsCutOff',
        alive('0 done, 200 failed'),
      ],
      [
        'and appends again, when the whole cluster was gone and is back',
        'clusterIsGone',
        alive('1 done, 0 failed'),
      ],
      [
        'and refuses an event that cannot be written as JSON',
        'dataIsNoJson',
        alive('invalid-argument'),
      ],
      [
        'and every acknowledgement ends, when the connection breaks under a flood of them',
        'acknowledgementsAreCutOff',
        alive('100 done, 0 failed'),
      ],
    ])(
      '%s',
      async (_name, scenario, outcome) => {
        expect(await outcomeOf(scenario, 'posthorn')).toEqual(outcome);
      },
      60_000,
    );
  });

  describe('of the package alone', () => {
    it.each([
      ['ends when another client loses its connection', 'clientOfTheApplicationIsCutOff'],
      ['ends when the connection breaks under a flood of appends', 'floodIsCutOff'],
      ['ends when an event cannot be written as JSON', 'dataIsNoJson'],
    ])(
      '%s',
      async (_name, scenario) => {
        const { lines, exitCode } = await outcomeOf(scenario, 'official');

        expect(exitCode).toBe(1);
        expect(lines).not.toContain('alive');
      },
      60_000,
    );

    it('appends never again when the whole cluster was gone', async () => {
      expect(await outcomeOf('clusterIsGone', 'official')).toEqual(alive('0 done, 1 failed'));
    }, 60_000);
  });
});
