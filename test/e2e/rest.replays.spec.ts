import { randomUUID } from 'node:crypto';
import { jest } from '@jest/globals';
import type { ReplayItem } from '../../src/index.js';
import { RecordingReceiver } from '../support/recording-receiver.js';
import { eventually, RestServer } from '../support/rest-server.js';

/** A server, on a machine that may be busy. */
jest.setTimeout(30_000);

interface Problem {
  readonly code: string;
  readonly problems?: readonly { readonly field: string; readonly message: string }[];
}

describe('replays over REST', () => {
  let server: RestServer;
  let receiver: RecordingReceiver;

  beforeAll(async () => {
    receiver = await RecordingReceiver.start();
    server = await (await RestServer.start()).ready();
  });
  afterAll(async () => {
    await server.stop();
    await receiver.close();
  });

  /** A webhook of its own for each test, which listens to a type of its own. */
  async function webhook(fields: object = {}) {
    const id = `w-${randomUUID().slice(0, 8)}`;
    const eventType = `type-of-${id}`;
    const body = { id, url: receiver.url(`/${id}`), eventTypes: [eventType], ...fields };
    await server.api.post('/api/v1/webhooks').send(body).expect(201);
    return { id, path: `/${id}`, eventType };
  }

  /** Appends so many events to one stream. @returns position of the last */
  async function append(type: string, count: number): Promise<string> {
    const events = Array.from({ length: count }, () => ({ id: randomUUID(), type, data: {} }));
    const body = { stream: `order-${randomUUID()}`, events };
    const answer = await server.api.post('/api/v1/events').send(body).expect(201);
    return (answer.body as { position: string }).position;
  }

  function start(webhookId: string, body: object) {
    return server.api.post(`/api/v1/webhooks/${webhookId}/replays`).send(body);
  }

  async function get(id: string): Promise<ReplayItem> {
    return (await server.api.get(`/api/v1/replays/${id}`).expect(200)).body as ReplayItem;
  }

  async function ended(id: string): Promise<ReplayItem> {
    await eventually(async () => (await get(id)).status === 'completed');
    return get(id);
  }

  async function list(query: string) {
    const { body } = await server.api.get(`/api/v1/replays?${query}`).expect(200);
    return body as { readonly items: readonly ReplayItem[]; readonly nextCursor: string | null };
  }

  it('are accepted, shown where they say, and told to their end', async () => {
    const eventType = `past-${randomUUID()}`;
    await append(eventType, 3);
    const position = await append(eventType, 2);
    const { id: webhookId, path } = await webhook({ eventTypes: [eventType] });

    const started = await start(webhookId, {
      from: 'beginning',
      to: { position },
      eventTypes: [eventType],
      perSecond: 500,
      reason: 'the customer asked',
    }).expect(202);
    const { id } = started.body as ReplayItem;
    expect(started.headers['location']).toBe(`/api/v1/replays/${id}`);

    expect(await ended(id)).toEqual({
      id: expect.stringMatching(/^rpl_[0-9a-f]{32}$/),
      kind: 'history',
      webhookId,
      status: 'completed',
      waitsFor: null,
      history: {
        mode: 'missing',
        from: 'beginning',
        to: { position },
        source: null,
        eventTypes: [eventType],
        range: { from: '0', to: position },
      },
      deadLetters: null,
      perSecond: 500,
      progress: {
        percent: 100,
        position: null,
        perSecond: null,
        examined: expect.any(Number),
        matched: 5,
        scheduled: 5,
        replayed: 0,
        open: 0,
        succeeded: 0,
        purged: 0,
        refused: 0,
        unreadable: 0,
      },
      requestedBy: 'api',
      reason: 'the customer asked',
      startedAt: expect.any(String),
      advancedAt: null,
      pausedAt: null,
      endedAt: expect.any(String),
      haltedBy: null,
      failure: null,
    });
    await eventually(() => Promise.resolve(receiver.at(path).length === 5));
  });

  it('are started once, however often the request is repeated', async () => {
    const { id: webhookId } = await webhook();
    const id = `mine-${randomUUID()}`;

    const first = await start(webhookId, { id, from: 'beginning' }).expect(202);
    const again = await start(webhookId, { id, from: 'beginning' }).expect(202);
    const other = await start(webhookId, { id, from: 'beginning', mode: 'all' }).expect(409);

    expect((first.body as ReplayItem).id).toBe(id);
    expect((again.body as ReplayItem).startedAt).toBe((first.body as ReplayItem).startedAt);
    expect((other.body as Problem).code).toBe('PSH_REPLAY_ID_TAKEN');
  });

  it('are paused, slowed down, resumed and cancelled', async () => {
    const eventType = `past-${randomUUID()}`;
    await append(eventType, 40);
    const { id: webhookId, path } = await webhook({ eventTypes: [eventType] });
    const { body } = await start(webhookId, { from: 'beginning', perSecond: 4 }).expect(202);
    const { id } = body as ReplayItem;
    const call = async (path: string, sent: object = {}, status = 200) =>
      (await server.api.post(`/api/v1/replays/${id}/${path}`).send(sent).expect(status))
        .body as ReplayItem & Problem;
    await eventually(() => Promise.resolve(receiver.at(path).length > 0));

    expect(await call('pause', { reason: 'too many' })).toMatchObject({
      status: 'paused',
      haltedBy: { by: 'api', reason: 'too many' },
      pausedAt: expect.any(String),
    });
    const changed = await server.api
      .patch(`/api/v1/replays/${id}`)
      .send({ perSecond: 8 })
      .expect(200);
    expect(changed.body).toMatchObject({ status: 'paused', perSecond: 8 });
    expect(await call('resume')).toMatchObject({ status: 'running', pausedAt: null });
    expect(await call('cancel', { reason: 'enough' })).toMatchObject({
      status: 'cancelled',
      haltedBy: { by: 'api', reason: 'enough' },
      endedAt: expect.any(String),
    });
    expect(await call('cancel')).toMatchObject({ status: 'cancelled' });
    expect((await call('pause', {}, 409)).code).toBe('PSH_REPLAY_ENDED');
  });

  it('are listed newest first, by webhook and by status, in pages', async () => {
    const { id: webhookId } = await webhook();
    const ids: string[] = [];
    for (let number = 0; number < 3; number++) {
      const { body } = await start(webhookId, { from: 'beginning' }).expect(202);
      ids.unshift((body as ReplayItem).id);
    }
    for (const id of ids) await ended(id);

    const first = await list(`webhookId=${webhookId}&limit=2`);
    const cursor = first.nextCursor ?? '';
    const second = await list(`webhookId=${webhookId}&limit=2&cursor=${cursor}`);
    const listed = [...first.items, ...second.items].map(({ id }) => id);
    expect(listed).toEqual(ids);
    expect(second.nextCursor).toBeNull();
    await eventually(async () => {
      const completed = await list(`webhookId=${webhookId}&status=completed`);
      return completed.items.length === 3;
    });
    expect((await list(`webhookId=${webhookId}&status=paused`)).items).toEqual([]);
  });

  it('show the history that a registration asked for, which can be paused like any other', async () => {
    const eventType = `past-${randomUUID()}`;
    await append(eventType, 4);
    const { id: webhookId, path } = await webhook({
      eventTypes: [eventType],
      startFrom: 'beginning',
    });

    await eventually(async () => {
      const [replay] = (await list(`webhookId=${webhookId}`)).items;
      return replay?.status === 'completed';
    });
    await eventually(() => Promise.resolve(receiver.at(path).length === 4));
    const [replay] = (await list(`webhookId=${webhookId}`)).items;
    expect(replay).toMatchObject({
      kind: 'registration',
      requestedBy: 'posthorn',
      progress: { matched: 4, scheduled: 4 },
    });
    await server.api.post(`/api/v1/replays/${replay?.id ?? ''}/pause`).expect(409);
  });

  it('of dead letters are the same kind of thing', async () => {
    const { id: webhookId, eventType, path } = await webhook();
    receiver.behave(path, (_request, response, count) => {
      response.writeHead(count === 1 ? 400 : 204).end();
    });
    await append(eventType, 3);
    await eventually(async () => {
      const { body } = await server.api.get(`/api/v1/dead-letters?webhookId=${webhookId}`);
      return (body as { items: readonly object[] }).items.length === 3;
    });

    const accepted = await server.api
      .post('/api/v1/dead-letters/replay')
      .send({ webhookId, perSecond: 100 })
      .expect(202);
    const { replayId } = accepted.body as { replayId: string };
    expect(accepted.headers['location']).toBe(`/api/v1/replays/${replayId}`);

    expect(await ended(replayId)).toMatchObject({
      kind: 'dead-letters',
      webhookId,
      history: null,
      deadLetters: { webhookId },
      perSecond: 100,
      progress: { matched: 3, replayed: 3, refused: 0, percent: 100 },
    });
    await eventually(() => Promise.resolve(receiver.at(path).length === 6));
  });

  describe('are refused', () => {
    async function problems(webhookId: string, body: object, code: string) {
      const answer = await start(webhookId, body);
      expect(answer.body).toMatchObject({ code });
      return ((answer.body as Problem).problems ?? []).map(({ field }) => field).sort();
    }

    it('with every mistake in their form', async () => {
      const { id } = await webhook();
      const body = {
        id: 'no spaces',
        from: { position: '1', time: '2026-01-01' },
        to: 'now',
        stream: '',
        eventTypes: [],
        mode: 'some',
        perSecond: 0,
        reason: '',
        when: 'today',
      };
      expect(await problems(id, body, 'PSH_API_INVALID_INPUT')).toEqual(Object.keys(body).sort());
      expect(await problems(id, {}, 'PSH_API_INVALID_INPUT')).toEqual(['from']);
    });

    it('with every mistake in their meaning', async () => {
      const { id } = await webhook({ source: { kind: 'category', category: 'order' } });
      const body = {
        from: { position: '99999999999' },
        to: { position: '99999999999' },
        stream: 'invoice-1',
        eventTypes: ['another.type'],
      };
      expect(await problems(id, body, 'PSH_REPLAY_INVALID')).toEqual([
        'eventTypes',
        'from.position',
        'stream',
        'to.position',
      ]);
    });

    it.each<[string, object, string[]]>([
      ['nothing', { from: { time: '2026-02-01' }, to: { time: '2026-02-01' } }, ['to.time']],
      ['the future', { from: { time: '2999-01-01' } }, ['from.time']],
      ['what was never disabled', { from: 'disabled' }, ['from']],
      ['two sources', { from: 'beginning', stream: 'a-1', category: 'a' }, ['category']],
      ['our own streams', { from: 'beginning', stream: '$settings' }, ['stream']],
    ])('for %s', async (_name, body, fields) => {
      const { id } = await webhook();
      expect(await problems(id, body, 'PSH_REPLAY_INVALID')).toEqual(fields);
    });

    it('when the range is inverted', async () => {
      const { id, eventType } = await webhook();
      const early = await append(eventType, 1);
      const late = await append(eventType, 1);
      const body = { from: { position: late }, to: { position: early } };
      expect(await problems(id, body, 'PSH_REPLAY_INVALID')).toEqual(['to']);
    });

    it('when the webhook is unknown, removed or not replayable', async () => {
      const removed = await webhook();
      await server.api.delete(`/api/v1/webhooks/${removed.id}`).expect(204);
      const { id } = await webhook({ isReplayable: false });
      const body = { from: 'beginning' };

      expect((await start('nobody', body).expect(404)).body).toMatchObject({
        code: 'PSH_REGISTRY_NOT_FOUND',
      });
      expect((await start(removed.id, body).expect(404)).body).toMatchObject({
        code: 'PSH_REGISTRY_NOT_FOUND',
      });
      expect((await start(id, body).expect(409)).body).toMatchObject({
        code: 'PSH_REPLAY_NOT_REPLAYABLE',
      });
    });

    it('when there is no such replay, rate or status', async () => {
      const unknown = await server.api.get('/api/v1/replays/nobody').expect(404);
      expect((unknown.body as Problem).code).toBe('PSH_REPLAY_NOT_FOUND');
      await server.api.post('/api/v1/replays/nobody/resume').expect(404);
      await server.api.patch('/api/v1/replays/nobody').send({}).expect(400);
      await server.api.patch('/api/v1/replays/nobody').send({ perSecond: 10_001 }).expect(400);
      await server.api.patch('/api/v1/replays/nobody').send({ perSecond: null }).expect(404);
      await server.api.get('/api/v1/replays?status=done').expect(400);
      await server.api.get('/api/v1/replays?cursor=abc').expect(400);
      await server.anonymous.get('/api/v1/replays').expect(401);
    });
  });
});
