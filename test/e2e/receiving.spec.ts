import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transform } from 'esbuild';
import { outgoing, SECRET, SendingRig } from '../hostile/sending.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PACKAGES = ['@nestjs/common', '@nestjs/core', '@nestjs/platform-express'];
const OTHERS = ['express', 'reflect-metadata', 'rxjs'];
const BODY = Buffer.from('{"type":"account.opened","data":{"owner":"Zoë"}}');

/** Loaded before an example: says on which port it listens. */
const TELL_PORT = `import { Server } from 'node:net';
  const { listen } = Server.prototype;
  Server.prototype.listen = function (...options) {
    this.once('listening', () => process.send(this.address().port));
    return listen.apply(this, options);
  };`;

/** The receivers that docs/receiving.md shows, run as they stand there. */
describe('docs/receiving.md', () => {
  const rig = new SendingRig();
  let project: string;
  let child: ChildProcess | undefined;

  beforeAll(async () => {
    project = await mkdtemp(join(tmpdir(), 'posthorn-receivers-'));
    const modules = join(project, 'node_modules');
    await mkdir(modules);
    await symlink(ROOT, join(modules, 'posthorn'));
    await writeFile(join(project, 'tell-port.mjs'), TELL_PORT);
    for (const name of [...PACKAGES, ...OTHERS]) {
      await mkdir(dirname(join(modules, name)), { recursive: true });
      await symlink(join(ROOT, 'node_modules', name), join(modules, name));
    }
  });

  afterEach(async () => {
    await rig.close();
    if (!child) return;
    const ended = new Promise((resolve) => child?.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
    child = undefined;
  });

  afterAll(async () => {
    await rm(project, { recursive: true });
  });

  /** Runs the example of this name, and tells where it listens and what it prints. */
  async function run(name: string): Promise<{ url: string; printed: () => string }> {
    const page = await readFile(join(ROOT, 'docs', 'receiving.md'), 'utf8');
    const source = new RegExp(`\`\`\`[jt]s ${name}\\n([\\s\\S]*?)\`\`\``).exec(page)?.[1] ?? '';
    const { code } = await transform(source, {
      loader: 'ts',
      tsconfigRaw: { compilerOptions: { experimentalDecorators: true } },
    });
    await writeFile(join(project, `${name}.mjs`), code);
    const running = spawn(process.execPath, ['--import', './tell-port.mjs', `${name}.mjs`], {
      cwd: project,
      env: { PATH: process.env['PATH'], PORT: '0', WEBHOOK_SECRET: SECRET, NODE_ENV: 'test' },
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    });
    child = running;
    let printed = '';
    running.stdout?.on('data', (text: Buffer) => (printed += text.toString()));
    const port = await new Promise<unknown>((resolve, reject) => {
      running.once('message', resolve);
      running.once('exit', reject);
    });
    return { url: `http://127.0.0.1:${String(port)}/hooks`, printed: () => printed };
  }

  it.each(['node', 'express', 'nest'])(
    'receives what we send, and refuses others: %s',
    async (name) => {
      const { url, printed } = await run(name);
      const sender = rig.sender();

      const good = await sender.send(outgoing(url, { body: BODY }));
      const other = `whsec_${Buffer.alloc(32, 1).toString('base64')}`;
      const forged = await sender.send(outgoing(url, { body: BODY, signingSecrets: [other] }));

      expect([good.statusCode, forged.statusCode]).toEqual([204, 401]);
      expect(printed().match(/delivery-1/g)).toHaveLength(1);
      expect(printed()).toContain('account.opened');
    },
    30_000,
  );

  it('tells every code of a refusal, and its status', async () => {
    const page = await readFile(join(ROOT, 'docs', 'receiving.md'), 'utf8');
    const listed = [...page.matchAll(/^\| `(\w+)` +\| (\d+) /gm)].map(([, code, status]) => [
      code,
      Number(status),
    ]);
    const source = await readFile(
      join(ROOT, 'modules', 'receiver', 'webhook-verification.error.ts'),
      'utf8',
    );
    const existing = [...source.matchAll(/^ {2}(\w+): (\d+),$/gm)].map(([, code, status]) => [
      code,
      Number(status),
    ]);

    expect(existing.length).toBeGreaterThan(5);
    expect(listed).toEqual(existing);
  });
});
