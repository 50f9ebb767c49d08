import { jsonEvent, type RecordedEvent } from '@eventstore/db-client';
import { Logger, type LoggerService } from '@nestjs/common';
import { RegistryStore } from '../../test/support/registry-application.js';
import { ManualClock } from '../kernel/index.js';
import { secretRef, type SecretResolver, type Webhook } from '../registry/index.js';
import { UndiciSender } from '../sending/index.js';
import { AttemptMaker } from './attempt-maker.js';
import type { AbandonedClaim } from './claim-watch.js';
import { DeliveryJournal } from './delivery-journal.js';
import { originOf } from './dispatcher.js';
import { makeDueAttempt } from './due-attempt.js';
import { FirstDelivery } from './first-delivery.js';
import type { LaneReport } from './pace/lane-signal.js';

const MINUTE = 60_000;
const LIMIT_MS = 60 * MINUTE;

/** A vault that answers when it is told to. */
class Vault implements SecretResolver {
  readonly #answers: ((secret: Error | string) => void)[] = [];

  constructor(readonly isDown: boolean) {}

  resolve(): Promise<string> {
    if (this.isDown) return Promise.reject(new Error('there is token-1'));
    return new Promise((resolve, reject) => {
      this.#answers.push((secret) => {
        if (secret instanceof Error) reject(secret);
        else resolve(secret);
      });
    });
  }

  answer(secret: Error | string): void {
    for (const one of this.#answers.splice(0)) one(secret);
  }
}

class Lines implements LoggerService {
  readonly all: string[] = [];
  readonly log = this.#keep;
  readonly warn = this.#keep;
  readonly error = this.#keep;

  #keep(line: unknown): void {
    this.all.push(String(line));
  }
}

describe('a delivery whose secrets are in a vault that is down', () => {
  let registry: RegistryStore;
  const ends: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    registry = await RegistryStore.open();
  });

  afterEach(async () => {
    for (const end of ends.splice(0)) await end();
    Logger.overrideLogger(false);
  });

  afterAll(async () => {
    await registry.close();
  });

  /** One event, and a webhook that wants it, on an instance that stands still. */
  async function given(vault: Vault) {
    const clock = new ManualClock();
    const names = registry.newNames();
    const { client } = registry.store;
    const { app, directory, webhooks } = await registry.start(names, {
      options: { secretResolver: vault },
      clock,
    });
    const lines = new Lines();
    Logger.overrideLogger(lines);
    const { webhook } = await webhooks.register('orders', 'https://example.test/hook', (one) =>
      one
        .withEventType('order.*')
        .withBearerToken(secretRef('vault:token'))
        .withRetry({ kind: 'list', delaysMs: [1_000] }),
    );
    const sender = new UndiciSender({ clock });
    ends.push(
      () => app.close(),
      () => sender.close(),
    );
    const event = await appended(names.webhook('source'));
    const met: LaneReport[] = [];
    const abandoned: AbandonedClaim[] = [];
    const journal = new DeliveryJournal({ client, names, clock, onRecorded: () => undefined });
    const attempts = new AttemptMaker({
      sender,
      directory,
      clock,
      random: () => 0,
      postponeLimitMs: LIMIT_MS,
      onMet: (_webhook, report) => met.push(report),
    });
    const tools = {
      client,
      directory,
      journal,
      attempts,
      clock,
      instanceId: 'i-1',
      order: { place: () => Promise.resolve({ kind: 'first' } as const) },
      onEnded: () => undefined,
      currentWebhook: (one: Webhook) => one,
      missingCode: () => null,
      onAbandoned: (claim: AbandonedClaim) => abandoned.push(claim),
    };
    const origin = originOf({ event, tenantId: null }, webhook);
    const { deliveryId } = origin;
    return {
      clock,
      lines: lines.all,
      met,
      abandoned,
      first: new FirstDelivery(tools, origin, webhook, event),
      due: () => makeDueAttempt(tools, deliveryId, null),
      state: async () => (await journal.load(deliveryId)).state,
      events: () => registry.read(names.delivery(deliveryId)),
    };
  }

  async function appended(stream: string): Promise<RecordedEvent> {
    await registry.store.client.appendToStream(
      stream,
      jsonEvent({ type: 'order.placed', data: {} }),
    );
    const [event] = await registry.read(stream);
    if (!event) throw new Error('there is no event');
    return event;
  }

  const typesOf = (events: readonly { readonly type: string }[]): string[] =>
    events.map(({ type }) => type);

  it('is put off, which is recorded with the reason, costs no attempt and slows its lane', async () => {
    const { events, first, met, state } = await given(new Vault(true));

    await first.run();
    await first.recorded;

    const recorded = await events();
    expect(typesOf(recorded)).toEqual(['DeliveryScheduled', 'DeliveryPostponed']);
    expect(recorded[1]?.data).toMatchObject({ round: 1, reason: 'secret_unavailable' });
    expect(JSON.stringify(recorded.map(({ data }) => data))).not.toContain('token-1');
    expect(await state()).toMatchObject({ status: 'scheduled', attemptCount: 0 });
    expect(met).toEqual([{ signal: 'unasked', retryAfterMs: null }]);
  });

  it('is due again later each time, until it has waited for as long as is allowed: then the attempt has failed', async () => {
    const { clock, due, events, first, lines, state } = await given(new Vault(true));
    const begin = clock.now();
    await first.run();
    const waits: number[] = [];

    for (let round = 0; round < 50 && (await state()).attemptCount === 0; round++) {
      const waitMs = ((await state()).dueAt ?? 0) - clock.now();
      waits.push(waitMs);
      clock.advance(waitMs);
      expect(await due()).toMatchObject({ kind: 'recorded' });
    }

    expect(waits.slice(0, 3)).toEqual([5_000, 10_000, 20_000]);
    expect(Math.max(...waits)).toBe(10 * MINUTE);
    expect(clock.now() - begin).toBeGreaterThanOrEqual(LIMIT_MS);
    expect(clock.now() - begin).toBeLessThanOrEqual(LIMIT_MS + 10 * MINUTE);
    const [failed] = (await events()).slice(-1);
    expect(failed).toMatchObject({
      type: 'DeliveryAttempted',
      data: {
        isUnsent: true,
        nextAttemptAt: new Date(clock.now() + 1_000).toISOString(),
        attempt: { errorClass: 'secret_unavailable', statusCode: null },
      },
    });
    expect(await state()).toMatchObject({ status: 'retrying', postponed: null });
    expect(lines).toHaveLength(1);
  });

  it('is put off under its claim, when its window closes while the vault is asked', async () => {
    const vault = new Vault(false);
    const { abandoned, events, first, state } = await given(vault);

    const run = first.run();
    first.handOver();
    await first.recorded;
    expect(await state()).toMatchObject({ status: 'attempting' });
    vault.answer(new Error('down'));
    await run;

    expect(typesOf(await events())).toEqual([
      'DeliveryScheduled',
      'DeliveryClaimed',
      'DeliveryPostponed',
    ]);
    expect(await state()).toMatchObject({ status: 'scheduled', claim: null, attemptCount: 0 });
    expect(abandoned).toEqual([]);
  });

  it('is left to the end of its lease, when the vault answers too late to begin', async () => {
    const vault = new Vault(false);
    const { abandoned, clock, events, first } = await given(vault);

    const run = first.run();
    first.handOver();
    await first.recorded;
    clock.jumpTo(clock.now() + 6_000); // the process was stopped
    vault.answer('token-1');
    await run;

    expect(typesOf(await events())).toEqual(['DeliveryScheduled', 'DeliveryClaimed']);
    expect(abandoned).toHaveLength(1);
  });
});
