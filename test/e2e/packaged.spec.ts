import { execFile, spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { environmentIn } from '../support/installation.js';
import { RecordingReceiver } from '../support/recording-receiver.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const EXAMPLE = join(ROOT, 'examples', 'library', 'main.ts');
const run = promisify(execFile);

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta: Readonly<Record<string, { readonly optional?: boolean }>>;
}

/** What an application has to install: nothing that is optional, so that nothing optional is needed by accident. */
function neededBy(manifest: Manifest): readonly string[] {
  const peers = Object.keys(manifest.peerDependencies).filter(
    (name) => manifest.peerDependenciesMeta[name]?.optional !== true,
  );
  return [...Object.keys(manifest.dependencies), ...peers];
}

/**
 * A project of somebody else: the packed package unpacked into its `node_modules`, and beside it, linked from here, what
 * the package says that it needs, and no more.
 */
describe('the package in a project of somebody else', () => {
  let project: string;

  beforeAll(async () => {
    project = await mkdtemp(join(tmpdir(), 'posthorn-project-'));
    const { stdout } = await run(
      'npm',
      ['pack', '--ignore-scripts', '--json', '--pack-destination', project],
      { cwd: ROOT },
    );
    const [packed] = JSON.parse(stdout) as { filename: string }[];
    const modules = join(project, 'node_modules');
    await mkdir(modules);
    await run('tar', ['-xzf', join(project, packed?.filename ?? ''), '-C', modules]);
    await cp(join(modules, 'package'), join(modules, 'posthorn'), { recursive: true });
    const manifest = JSON.parse(
      await readFile(join(modules, 'posthorn', 'package.json'), 'utf8'),
    ) as Manifest;
    for (const name of [...neededBy(manifest), '@types/node']) {
      await mkdir(dirname(join(modules, name)), { recursive: true });
      await symlink(join(ROOT, 'node_modules', name), join(modules, name));
    }
  }, 120_000);

  afterAll(async () => {
    await rm(project, { recursive: true });
  });

  it('holds what runs and what explains it, and no tests, sources or examples', async () => {
    const { stdout } = await run('find', [join(project, 'node_modules', 'posthorn'), '-type', 'f']);
    const files = stdout
      .trim()
      .split('\n')
      .map((path) => path.split('/posthorn/')[1] ?? '');

    expect(files).toEqual(
      expect.arrayContaining([
        'package.json',
        'README.md',
        'LICENSE',
        'CHANGELOG.md',
        'docs/errors.md',
        'dist/src/index.js',
        'dist/src/index.d.ts',
        'dist/modules/receiver/index.d.ts',
      ]),
    );
    const surplus = files.filter((path) =>
      /\.spec\.|(^|\/)(examples|test|bench)\/|^src\/|(?<!\.d)\.ts$/.test(path),
    );
    expect(surplus).toEqual([]);
  });

  it('delivers an event in less than thirty lines', async () => {
    const source = await readFile(EXAMPLE, 'utf8');
    expect(source.trim().split('\n').length).toBeLessThan(30);
    await cp(EXAMPLE, join(project, 'main.ts'));
    await writeFile(join(project, 'package.json'), JSON.stringify({ type: 'module' }));
    await writeFile(
      join(project, 'tsconfig.json'),
      JSON.stringify({
        compilerOptions: {
          target: 'es2023',
          module: 'nodenext',
          strict: true,
          experimentalDecorators: true,
          emitDecoratorMetadata: true,
          skipLibCheck: true,
          types: ['node'],
        },
      }),
    );
    await run(process.execPath, [join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc')], {
      cwd: project,
    });
    const receiver = await RecordingReceiver.start();

    const child = spawn(process.execPath, ['main.js'], {
      cwd: project,
      env: {
        PATH: process.env['PATH'],
        FULFILMENT_URL: receiver.url('/fulfilment'),
        POSTHORN_ALLOW_HTTP: 'true',
        POSTHORN_ALLOWED_NETWORKS: '127.0.0.0/8',
        ...environmentIn(project),
      },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const ended = new Promise((resolve) => child.once('exit', resolve));
    await Promise.race([receiver.until(() => receiver.requests.length > 0), ended]);
    child.kill('SIGTERM');
    await ended;
    await receiver.close();

    const [request] = receiver.at('/fulfilment');
    expect(JSON.parse(request?.body ?? '{}')).toMatchObject({
      type: 'OrderPlaced',
      data: { total: 99.5 },
    });
    expect(request?.headers['webhook-signature']).toMatch(/^v1,/);
  }, 120_000);

  it('has a command that says what else serving over HTTP takes', async () => {
    const command = join(project, 'node_modules', 'posthorn', 'dist', 'src', 'cli', 'posthorn.js');

    const help = await run(process.execPath, [command, '--help'], { cwd: project });
    const serve: unknown = await run(process.execPath, [command, 'serve'], { cwd: project }).catch(
      (error: unknown) => error,
    );

    expect(help.stdout).toContain('posthorn <command>');
    expect(serve).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('needs @nestjs/platform-express and @nestjs/swagger'),
    });
  }, 30_000);

  describe('for those who only receive', () => {
    const projects: string[] = [];

    afterAll(async () => {
      for (const one of projects) await rm(one, { recursive: true });
    });

    /** A project that has nothing but the package, and what is named. */
    async function projectWith(packages: readonly string[]): Promise<string> {
      const receiving = await mkdtemp(join(tmpdir(), 'posthorn-receiving-'));
      projects.push(receiving);
      const modules = join(receiving, 'node_modules');
      const unpacked = join(project, 'node_modules', 'posthorn');
      await cp(unpacked, join(modules, 'posthorn'), { recursive: true });
      for (const name of packages) {
        await mkdir(dirname(join(modules, name)), { recursive: true });
        await symlink(join(ROOT, 'node_modules', name), join(modules, name));
      }
      return receiving;
    }

    async function namesOf(module: string, cwd: string): Promise<string> {
      const program = `import * as names from '${module}';
        process.stdout.write(Object.keys(names).join(' '));`;
      const node = ['--input-type=module', '-e', program];
      return (await run(process.execPath, node, { cwd })).stdout;
    }

    it('has what they verify with, and needs nothing else', async () => {
      expect(await namesOf('posthorn/receiver', await projectWith([]))).toBe(
        'RecentWebhooks WebhookVerificationError rawBodyMiddleware readRawBody receiveRequest ' +
          'receiveWebhook verifyWebhook webhookMiddleware',
      );
    }, 30_000);

    it('has a guard for Nest, which needs Nest alone', async () => {
      const nest = await projectWith(['@nestjs/common', 'reflect-metadata', 'rxjs']);

      expect(await namesOf('posthorn/receiver/nest', nest)).toBe(
        'VerifiedWebhook WEBHOOK_GUARD_OPTIONS WebhookGuard WebhookReceiverModule',
      );
    }, 30_000);
  });
});

describe('README.md', () => {
  it('shows the example that was just run', async () => {
    const readme = await readFile(join(ROOT, 'README.md'), 'utf8');

    expect(readme).toContain((await readFile(EXAMPLE, 'utf8')).trim());
  });
});
