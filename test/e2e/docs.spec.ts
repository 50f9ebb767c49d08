import { readFile } from 'node:fs/promises';
import type { OpenAPIObject } from '@nestjs/swagger';
import { apiDocument } from '../../modules/admin/index.js';
import { deliveryDecider } from '../../modules/delivery/delivery.aggregate.js';
import type { DeliveryState } from '../../modules/delivery/delivery-state.js';
import type { DeliveryEvent } from '../../modules/delivery/delivery.events.js';
import {
  JITTER_FRACTION,
  LONGEST_RETRY_AFTER_MS,
  STANDARD_DELAYS_MS,
} from '../../modules/delivery/index.js';
import { ERROR_REGISTRY, fold } from '../../modules/kernel/index.js';
import { CONFIG_KEYS } from '../../src/config/config-keys.js';
import { RestServer } from '../support/rest-server.js';

const ROOT = new URL('../../', import.meta.url);

function page(name: string): Promise<string> {
  return readFile(new URL(name, ROOT), 'utf8');
}

/** The rows of every table in a page, cell by cell, without the heads. */
function rowsOf(text: string): string[][] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) =>
      line
        .split(/(?<!\\)\|/)
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

function withoutTicks(cell: string | undefined): string {
  return (cell ?? '').replaceAll('`', '');
}

describe('docs/errors.md', () => {
  it('lists every error code, and none that does not exist', async () => {
    const listed = rowsOf(await page('docs/errors.md'))
      .filter(([code]) => code?.startsWith('`PSH_'))
      .map(([code, status, title, fix]) => [
        withoutTicks(code),
        { status: Number(status), title, fix },
      ]);

    expect(Object.fromEntries(listed)).toEqual(ERROR_REGISTRY);
  });
});

describe('docs/configuration.md', () => {
  it('lists every setting with its option and default, and none that does not exist', async () => {
    const listed = rowsOf(await page('docs/configuration.md'))
      .filter(([variable]) => /^`[A-Z_]+`$/.test(variable ?? ''))
      .map(([variable, option, byDefault, unit]) => ({
        env: withoutTicks(variable),
        key: withoutTicks(option),
        default: withoutTicks(byDefault),
        unit,
      }));

    const existing = Object.entries(CONFIG_KEYS).map(([key, definition]) => ({
      env: definition.env,
      key,
      default: shown(definition.default),
      unit: definition.unit ?? '',
    }));
    expect(listed).toEqual(existing);
  });

  function shown(value: unknown): string {
    const text = Array.isArray(value)
      ? value.join(',')
      : `${(value ?? '') as string | number | boolean}`;
    return text === '' ? 'none' : text;
  }
});

describe('docs/retries.md', () => {
  it('shows the schedule that is in force', async () => {
    const attempts = rowsOf(await page('docs/retries.md')).filter(([number]) =>
      /^\d\d?$/.test(number ?? ''),
    );

    const delays = [0, ...STANDARD_DELAYS_MS];
    let total = 0;
    const expected = delays.map((delayMs, index) => {
      total += delayMs;
      return [String(index + 1), delayMs === 0 ? 'none' : duration(delayMs), duration(total)];
    });
    expect(attempts).toEqual(expected);
  });

  it('names the jitter and the longest Retry-After', async () => {
    const text = await page('docs/retries.md');

    expect(text).toContain(`${String(JITTER_FRACTION * 100)} %`);
    expect(text).toContain(`at\nmost ${duration(LONGEST_RETRY_AFTER_MS)}`);
  });

  function duration(ms: number): string {
    const seconds = ms / 1_000;
    const parts = [
      [Math.floor(seconds / 3_600), 'h'],
      [Math.floor((seconds % 3_600) / 60), 'm'],
      [seconds % 60, 's'],
    ] as const;
    const text = parts.filter(([count]) => count > 0).map(([count, unit]) => `${count} ${unit}`);
    return text.length === 0 ? '0 s' : text.join(' ');
  }
});

describe('the OpenAPI document', () => {
  let document: OpenAPIObject;

  beforeAll(async () => {
    const server = await RestServer.start();
    document = apiDocument(server.app);
    await server.stop();
  });

  it('has exactly the routes that docs/rest.md lists', async () => {
    const existing = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map(
        (method) => `${method.toUpperCase()} ${path.slice('/api/v1'.length)}`,
      ),
    );
    const listed = rowsOf(await page('docs/rest.md'))
      .map(([call]) => withoutTicks(call))
      .filter((call) => /^[A-Z]+ \//.test(call));

    expect([...listed].sort()).toEqual([...existing].sort());
  });

  it('refers to nothing that it does not hold', () => {
    const schemas = Object.keys(document.components?.schemas ?? {});
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]*)"/g)].map(
      ([, reference]) => reference,
    );

    const held = new Set(schemas.map((name) => `#/components/schemas/${name}`));
    expect(references.filter((reference) => !held.has(reference ?? ''))).toEqual([]);
    expect(schemas).toContain('EventRequest');
  });

  it('says of every call what it answers, and that it needs the token unless it is about health', () => {
    const open = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods as Record<string, { security?: object[]; responses: object }>)
        .filter(([, { security, responses }]) => {
          expect(Object.keys(responses)).toContain('default');
          return security === undefined;
        })
        .map(([method]) => `${method} ${path}`),
    );

    expect(open).toEqual(['get /api/v1/health/live', 'get /api/v1/health/ready']);
  });
});

describe('docs/architecture.md', () => {
  const origin = {} as never;
  const attempt = { errorMessage: null } as never;
  const at = '2026-01-01T00:00:00.000Z';
  const EVENTS: Readonly<Record<string, (run: number) => DeliveryEvent>> = {
    DeliveryScheduled: () => ({
      type: 'DeliveryScheduled',
      data: { v: 1, origin, run: 1, reason: 'held', dueAt: at, owner: 'a' },
    }),
    DeliveryClaimed: (run) => ({
      type: 'DeliveryClaimed',
      data: { v: 1, run, claimId: 'c', owner: 'a', leaseMs: 1 },
    }),
    DeliveryAttempted: (run) => ({
      type: 'DeliveryAttempted',
      data: { v: 1, run, number: 1, trigger: 'live', attempt, nextAttemptAt: at, owner: 'a' },
    }),
    DeliverySucceeded: (run) => ({
      type: 'DeliverySucceeded',
      data: { v: 1, run, attemptCount: 1, completedAt: at },
    }),
    DeliveryPostponed: (run) => ({
      type: 'DeliveryPostponed',
      data: {
        ...{ v: 1, run, round: 1, since: at, postponedAt: at, dueAt: at, owner: 'a' },
        ...{ reason: 'proxy_error', errorMessage: null },
      },
    }),
    DeliveryDeadLettered: (run) => ({
      type: 'DeliveryDeadLettered',
      data: { v: 1, run, reason: 'rejected', errorMessage: null, attemptCount: 1, completedAt: at },
    }),
    DeliveryReplayRequested: (run) => ({
      type: 'DeliveryReplayRequested',
      data: {
        v: 1,
        run: run + 1,
        dueAt: at,
        owner: 'a',
        requestedAt: at,
        requestedBy: 'a',
        reason: null,
      },
    }),
    DeliveryDiscarded: (run) => ({
      type: 'DeliveryDiscarded',
      data: { v: 1, run, completedAt: at, discardedBy: 'a', reason: null },
    }),
  };

  it('draws the state machine that is in force', async () => {
    const text = await page('docs/architecture.md');
    const diagram = /```mermaid\nstateDiagram-v2\n([\s\S]*?)```/.exec(text)?.[1] ?? '';
    const arrows = [...diagram.matchAll(/^ +(\S+) --> (\S+): (.+)$/gm)].map(
      ([, from, to, events]) => ({
        from: stateOf(from),
        to: stateOf(to),
        events: (events ?? '').split(', '),
      }),
    );

    expect(arrows.length).toBeGreaterThan(10);
    for (const { from, to, events } of arrows) {
      const before: DeliveryState = { ...deliveryDecider.initialState, status: from };
      const happened = events.flatMap((name) => EVENTS[name]?.(before.run) ?? []);
      expect({ from, events, to: fold(deliveryDecider, happened, before).status }).toEqual({
        from,
        events,
        to,
      });
    }
    const drawn = new Set(arrows.flatMap(({ events }) => events));
    expect([...drawn].sort()).toEqual(Object.keys(EVENTS).sort());
  });

  function stateOf(name: string | undefined): DeliveryState['status'] {
    return (name === '[*]' ? 'none' : (name ?? '').replace('_', '-')) as DeliveryState['status'];
  }
});
