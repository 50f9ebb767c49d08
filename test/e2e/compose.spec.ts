import { execFile } from 'node:child_process';
import { access, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { CONFIG_KEYS } from '../../src/config/config-keys.js';
import { loadConfig } from '../../src/config/load-config.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const run = promisify(execFile);
/** What the process allows itself after the drain before it exits. */
const CLOSING_MS = 15_000;

interface Service {
  readonly image: string;
  readonly build?: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string | number>>;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly stop_grace_period?: string;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

interface Manifest {
  readonly engines: { readonly node: string };
  readonly scripts: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

const read = (path: string): Promise<string> => readFile(join(ROOT, path), 'utf8');

/** The environment as Compose gives it where no variable of its own is set: `${NAME:-default}` is the default. */
function environmentOf({ environment = {} }: Service): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).map(([name, value]) => [
      name,
      String(value).replace(/\$\{[A-Z_]+:-([^}]*)\}/g, '$1'),
    ]),
  );
}

describe('the compose file', () => {
  let compose: Compose;
  let posthorns: [string, Service][];

  beforeAll(async () => {
    compose = parse(await read('docker-compose.yml'), { merge: true }) as Compose;
    posthorns = Object.entries(compose.services).filter(([, { build }]) => build !== undefined);
  });

  it('has an event store, a Jaeger and two instances of Posthorn', () => {
    expect(Object.keys(compose.services)).toEqual([
      'kurrentdb',
      'posthorn-1',
      'posthorn-2',
      'jaeger',
    ]);
    expect(posthorns.map(([name]) => name)).toEqual(['posthorn-1', 'posthorn-2']);
  });

  it('sets nothing for Posthorn but settings that there are, to values that it accepts', () => {
    const settings = new Set(Object.values(CONFIG_KEYS).map(({ env }) => env));
    for (const [, service] of posthorns) {
      const environment = environmentOf(service);
      expect(Object.keys(environment).filter((name) => !settings.has(name))).toEqual([]);
      const config = loadConfig({}, environment, { hasRestFace: true });
      expect(config.eventStoreUrl).toBe('esdb://kurrentdb:2113?tls=false');
    }
  });

  it('gives the instances the same store, token and key, and ports and volumes of their own', () => {
    const [one, two] = posthorns.map(([, service]) => service);
    expect(one && environmentOf(one)).toEqual(two && environmentOf(two));
    expect(one?.ports).not.toEqual(two?.ports);
    expect(one?.volumes).not.toEqual(two?.volumes);
  });

  it('has secrets that say what they are for, and that the docs use', async () => {
    const { POSTHORN_API_TOKEN: token = '', POSTHORN_ENCRYPTION_KEY: key = '' } = environmentOf(
      posthorns[0]?.[1] ?? { image: '' },
    );
    expect(token).toContain('development-only');
    expect(await read('docs/deployment.md')).toContain(`TOKEN=${token}\n`);
    expect(Buffer.from(key, 'base64').toString()).toContain('development-only');
  });

  it('lets an instance end itself before it is killed', () => {
    for (const [, service] of posthorns) {
      const { drainTimeoutMs } = loadConfig({}, environmentOf(service));
      const graceMs = Number(/^(\d+)s$/.exec(service.stop_grace_period ?? '')?.[1]) * 1_000;
      expect(graceMs).toBeGreaterThan(drainTimeoutMs + CLOSING_MS);
    }
  });

  it('lets an instance write to its volume alone, and do nothing that takes a privilege', () => {
    for (const [, service] of posthorns) {
      expect(service).toMatchObject({
        read_only: true,
        cap_drop: ['ALL'],
        security_opt: ['no-new-privileges:true'],
      });
      const { dataDir } = loadConfig({}, environmentOf(service));
      expect(service.volumes?.map((volume) => volume.split(':')[1])).toEqual([dataDir]);
    }
  });

  it('waits for services that there are, and that tell when they are healthy', () => {
    for (const { depends_on = {} } of Object.values(compose.services)) {
      for (const [name, { condition }] of Object.entries(depends_on)) {
        expect(condition).toBe('service_healthy');
        expect(compose.services[name]?.healthcheck).toBeDefined();
      }
    }
  });

  it('declares the volumes that are mounted, and no others', () => {
    const mounted = Object.values(compose.services).flatMap(({ volumes = [] }) =>
      volumes.map((volume) => volume.split(':')[0]),
    );
    expect(Object.keys(compose.volumes).sort()).toEqual(mounted.sort());
  });

  it('can be reached from this machine only, each port by one service', () => {
    const ports = Object.values(compose.services).flatMap((service) => service.ports ?? []);
    expect(ports.filter((port) => !/^127\.0\.0\.1:\d+:\d+$/.test(port))).toEqual([]);
    const published = ports.map((port) => port.split(':')[1]);
    expect(new Set(published).size).toBe(published.length);
  });

  it('names the version of every image that is not built here', () => {
    for (const { image, build } of Object.values(compose.services)) {
      expect(build === undefined ? image : 'built:0.0.0').toMatch(/^[a-z./-]+:\d+\.\d+\.\d+$/);
    }
  });

  it.each([
    [200, 0],
    [503, 1],
  ])('asks an instance whether it is ready: an answer with %i means %i', async (status, code) => {
    const server = await answering(status);
    const { port } = server.address() as AddressInfo;
    for (const [, { healthcheck }] of posthorns) {
      const [kind, program, option, script = ''] = healthcheck?.test ?? [];
      expect([kind, program, option]).toEqual(['CMD', 'node', '--eval']);
      const asked = script.replace('http://127.0.0.1:3000/', `http://127.0.0.1:${port}/`);
      const exit = await run(process.execPath, ['--eval', asked]).then(
        () => 0,
        (error: unknown) => (error as { code: number }).code,
      );
      expect(exit).toBe(code);
    }
    server.close();
  });
});

/** A server that gives one answer, at the path of readiness alone. */
async function answering(status: number): Promise<Server> {
  const server = createServer((request, response) => {
    response.statusCode = request.url === '/health/ready' ? status : 404;
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

describe('the Dockerfile', () => {
  let lines: readonly string[];
  let manifest: Manifest;

  beforeAll(async () => {
    const text = (await read('Dockerfile')).replaceAll('\\\n', ' ');
    lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    manifest = JSON.parse(await read('package.json')) as Manifest;
  });

  const after = (instruction: string): string[] =>
    lines
      .filter((line) => line.startsWith(`${instruction} `))
      .map((line) => line.slice(instruction.length + 1));

  it('copies files that there are, and that are sent to the build', async () => {
    const ignore = (await read('.dockerignore')).split('\n');
    const sources = after('COPY')
      .filter((copy) => !copy.startsWith('--from='))
      .flatMap((copy) => copy.split(' ').slice(0, -1));

    expect(sources).toEqual(expect.arrayContaining(['package-lock.json', '.npmrc', 'src']));
    for (const source of sources) {
      await expect(access(join(ROOT, source))).resolves.toBeUndefined();
      expect(ignore).toContain(`!${source}`);
    }
    expect(ignore).toContain('*');
  });

  it('runs scripts that there are', async () => {
    const commands = after('RUN').flatMap((line) => line.split(' && '));
    const named = (pattern: RegExp) => commands.flatMap((line) => pattern.exec(line)?.[1] ?? []);

    expect(commands).toEqual(expect.arrayContaining(['npm ci', 'npm run build', 'npm prune']));
    expect(Object.keys(manifest.scripts)).toEqual(expect.arrayContaining(named(/^npm run (\S+)$/)));
    for (const file of named(/^node (\S+)$/)) {
      await expect(access(join(ROOT, file))).resolves.toBeUndefined();
    }
  });

  it('starts programs of the build, as does the compose file', async () => {
    const compose = parse(await read('docker-compose.yml'), { merge: true }) as Compose;
    const started = [
      JSON.parse(after('CMD')[0] ?? '[]') as string[],
      ...Object.values(compose.services).flatMap(({ command }) => (command ? [command] : [])),
    ];
    expect(started).toHaveLength(3);
    for (const [program, file = ''] of started) {
      expect(program).toBe('node');
      await expect(access(join(ROOT, file))).resolves.toBeUndefined();
    }
  });

  it('is on a version of Node that the package supports, named to the last digit', () => {
    const [, version = ''] = /^NODE_VERSION=(\d+\.\d+\.\d+)$/.exec(after('ARG')[0] ?? '') ?? [];
    const [least = ''] = /\d+\.\d+/.exec(manifest.engines.node) ?? [];
    expect(version.localeCompare(least, 'en', { numeric: true })).toBeGreaterThan(0);
    expect(after('FROM').every((image) => image.startsWith('node:${NODE_VERSION}-'))).toBe(true);
  });

  it('runs as a user without rights, whose the data folder is', () => {
    expect(after('USER')).toEqual(['node']);
    const folder = after('VOLUME')[0] ?? '';
    expect(
      after('RUN').some((line) => line.includes('--owner=node') && line.includes(folder)),
    ).toBe(true);
  });

  it('keeps the peer dependencies when it prunes, and none of development', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'posthorn-image-'));
    const path = join(folder, 'package.json');
    await writeFile(path, await read('package.json'));
    await run(process.execPath, [join(ROOT, 'scripts', 'depend-on-peers.mjs')], { cwd: folder });

    const pruned = JSON.parse(await readFile(path, 'utf8')) as Manifest;
    await rm(folder, { recursive: true });

    expect(pruned.devDependencies).toBeUndefined();
    expect(pruned.dependencies).toEqual({ ...manifest.dependencies, ...manifest.peerDependencies });
  });
});
