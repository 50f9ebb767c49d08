import { jest } from '@jest/globals';
import fc from 'fast-check';
import { RegistryStore } from '../../test/support/registry-application.js';
import type { StreamNames } from '../event-store/index.js';
import {
  type DefinitionBuilder,
  type VanishedPolicy,
  Webhook,
  type WebhookDefinition,
} from './index.js';

/** Each history of deploys starts some ten applications. */
jest.setTimeout(120_000);

const IDS = ['orders', 'invoices', 'refunds'] as const;
const POLICIES: readonly VanishedPolicy[] = ['keep', 'pause', 'remove'];

/** What a release declares: for each of its webhooks the event type that it wants. */
type Release = Readonly<Partial<Record<(typeof IDS)[number], string>>>;

/** Releases 1, 2, ... of an application, and which of them is started when. */
interface Deploys {
  readonly releases: readonly Release[];
  readonly policy: VanishedPolicy;
  readonly starts: readonly number[];
}

const releaseOf = (types: readonly (string | null)[]): Release =>
  Object.fromEntries(IDS.flatMap((id, index) => (types[index] ? [[id, types[index]]] : [])));

const releases = fc.array(
  fc
    .tuple(...IDS.map(() => fc.constantFrom(null, 'placed', 'paid')))
    .map((types) => releaseOf(types)),
  { minLength: 2, maxLength: 3 },
);

const deploys: fc.Arbitrary<Deploys> = fc.record({
  releases,
  policy: fc.constantFrom(...POLICIES),
  starts: fc.array(fc.nat(2), { minLength: 3, maxLength: 7 }),
});

function classesOf(release: Release) {
  return Object.entries(release).map(([id, type]) => {
    @Webhook({ id, url: 'https://example.com/hooks' })
    class Declared implements WebhookDefinition {
      define(webhook: DefinitionBuilder): void {
        webhook.withEventType(type);
      }
    }
    return Declared;
  });
}

describe('instances of several releases that start in any order', () => {
  let registry: RegistryStore;

  beforeAll(async () => {
    registry = await RegistryStore.open();
  });

  afterAll(async () => {
    await registry.close();
  });

  /** An installation, and how an instance of one of its releases is started in it; instances go on beside one another. */
  function installation({ releases, policy }: Deploys) {
    const names = registry.newNames();
    const running: { close(): Promise<void> }[] = [];
    return {
      names,
      start: async (index: number) => {
        const number = index % releases.length;
        const started = await registry.start(names, {
          providers: classesOf(releases[number] ?? {}),
          options: { release: number + 1, onVanished: policy },
        });
        running.push(started.app);
        return started;
      },
      end: () => Promise.all(running.map((app) => app.close())),
    };
  }

  async function changesIn(names: StreamNames): Promise<number> {
    return (await registry.read(names.registry).catch(() => [])).length;
  }

  it('never flap: once the newest has started after the others, no start changes anything', async () => {
    await fc.assert(
      fc.asyncProperty(deploys, async (history) => {
        const { names, start, end } = installation(history);
        const newest = history.releases.length - 1;
        const all = history.releases.keys();
        for (const index of [...history.starts, ...all]) await start(index);
        const settled = await changesIn(names);

        for (const index of [...history.starts, newest, 0]) await start(index);

        expect(await changesIn(names)).toBe(settled);
        await end();
      }),
      { numRuns: 12 },
    );
  });

  it('end with what the newest declares, and with the rest as its policy says', async () => {
    await fc.assert(
      fc.asyncProperty(deploys, async (history) => {
        const { start, end } = installation(history);
        const newest = history.releases.length - 1;
        const declared = history.releases[newest] ?? {};
        for (const index of history.starts) await start(index);
        const { directory } = await start(newest);
        await directory.barrier();

        const known = IDS.flatMap((id) => directory.find(id) ?? []);
        for (const webhook of known.filter(({ id }) => id in declared)) {
          expect(webhook.status).toBe('active');
          expect([webhook.definition.eventTypes]).toEqual([[declared[webhook.id as never]]]);
        }
        const gone = { keep: 'active', pause: 'paused', remove: 'removed' }[history.policy];
        for (const webhook of known.filter(({ id }) => !(id in declared))) {
          expect(webhook.status).toBe(gone);
        }
        await end();
      }),
      { numRuns: 12 },
    );
  });

  it('see the same at every moment, whichever of them is asked', async () => {
    await fc.assert(
      fc.asyncProperty(deploys, async (history) => {
        const { start, end } = installation(history);
        const instances = [];
        for (const index of history.starts) {
          instances.push(await start(index));
          const seen = await Promise.all(
            instances.map(async ({ directory }) => {
              await directory.barrier();
              return directory.all().map(({ id, status, revision }) => [id, status, revision]);
            }),
          );
          for (const one of seen) expect(one).toEqual(seen[0]);
        }
        await end();
      }),
      { numRuns: 8 },
    );
  });
});
