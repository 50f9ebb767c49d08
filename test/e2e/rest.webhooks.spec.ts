import { certificate } from '../hostile/certificates.js';
import { RecordingReceiver } from '../support/recording-receiver.js';
import { RestServer } from '../support/rest-server.js';

const SECRET = 'a-bearer-token-of-the-receiver';

describe('/api/v1/webhooks', () => {
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

  function definition(id: string, fields: object = {}) {
    return { id, url: receiver.url(`/${id}`), eventTypes: ['OrderPlaced'], ...fields };
  }

  function register(id: string, fields: object = {}) {
    return server.api.post('/api/v1/webhooks').send(definition(id, fields));
  }

  it('registers a webhook and shows its signing secret, this once', async () => {
    const { body } = await register('first').expect(201);

    expect(body).toMatchObject({
      id: 'first',
      status: 'active',
      owner: 'api',
      signingSecret: expect.stringMatching(/^whsec_/),
    });
    const shown = await server.api.get('/api/v1/webhooks/first').expect(200);
    expect(JSON.stringify(shown.body)).not.toContain('whsec_');
  });

  it('shows no other secret in any answer', async () => {
    const fields = {
      auth: { type: 'bearer', token: SECRET },
      headers: { 'X-Api-Key': SECRET, 'X-Other': SECRET },
    };
    const answers = [await register('discreet', fields).expect(201)];

    answers.push(
      await server.api.get('/api/v1/webhooks/discreet').expect(200),
      await server.api.get('/api/v1/webhooks').expect(200),
      await server.api.patch('/api/v1/webhooks/discreet').send({ timeoutMs: 5_000 }).expect(200),
      await server.api.post('/api/v1/webhooks/discreet/pause').expect(200),
    );

    for (const { text } of answers) expect(text).not.toContain(SECRET);
    expect(answers[1]?.body).toMatchObject({
      auth: { type: 'bearer', token: '********' },
      headers: { 'X-Api-Key': '********' },
    });
  });

  it.each([
    {
      auth: { type: 'basic', username: 'shop', password: SECRET },
      shown: { type: 'basic', username: 'shop', password: '********' },
    },
    {
      auth: {
        ...{ type: 'oauth2', issuer: 'https://idp.example', clientId: 'shop' },
        ...{ clientSecret: SECRET, scope: 'a b', clientAuthentication: 'post' },
      },
      shown: {
        ...{ type: 'oauth2', issuer: 'https://idp.example', clientId: 'shop' },
        ...{ clientSecret: '********', scope: 'a b', clientAuthentication: 'post' },
      },
    },
  ])('shows authorisation of type $auth.type without its secret', async ({ auth, shown }) => {
    const id = `auth-${auth.type}`;
    const { body } = await register(id, { auth }).expect(201);
    const { body: listed } = await server.api.get(`/api/v1/webhooks/${id}`).expect(200);

    expect(body).toMatchObject({ auth: shown });
    expect((listed as { auth: unknown }).auth).toEqual(shown);
    expect(JSON.stringify(listed)).not.toContain(SECRET);
  });

  it('shows certificates, and no key of theirs', async () => {
    const { cert, key } = certificate('endpoint');
    const tls = { clientCertificate: { certificate: cert, key } };
    const url = 'https://partner.example/hooks';
    const { body } = await register('tls', { tls, url }).expect(201);

    expect(body).toMatchObject({
      tls: {
        clientCertificate: { certificate: cert, key: '********' },
        certificateAuthorities: [],
      },
    });
    expect(JSON.stringify(body)).not.toContain('PRIVATE KEY');
  });

  it('refuses an id that is taken', async () => {
    await register('taken').expect(201);

    const { body } = await register('taken').expect(409);

    expect(body).toMatchObject({ code: 'PSH_REGISTRY_ALREADY_REGISTERED' });
  });

  it('names every mistake in a definition at once, and stores nothing', async () => {
    const { body } = await server.api
      .post('/api/v1/webhooks')
      .send({
        id: 'no good',
        url: 'ftp://user:secret@example.com/#top',
        eventTypes: [],
        headers: { Host: 'x', 'X-Broken': 'a\r\nb' },
        timeoutMs: 0,
        colour: 'red',
      })
      .expect(400);

    const { code, problems } = body as { code: string; problems: { field: string }[] };
    expect(code).toBe('PSH_REGISTRY_INVALID_DEFINITION');
    const fields = problems.map(({ field }) => field.split('.')[0]);
    expect(new Set(fields)).toEqual(
      new Set(['id', 'url', 'eventTypes', 'headers', 'timeoutMs', 'colour']),
    );
    expect(JSON.stringify(body)).not.toContain('secret');
    await server.api.get('/api/v1/webhooks/no%20good').expect(404);
  });

  describe('PATCH', () => {
    it('changes the fields that are given, and moves the ETag', async () => {
      const registered = await register('changing').expect(201);

      const changed = await server.api
        .patch('/api/v1/webhooks/changing')
        .set('If-Match', String(registered.headers['etag']))
        .send({ eventTypes: ['OrderShipped'], description: 'for the warehouse' })
        .expect(200);

      expect(changed.body).toMatchObject({
        eventTypes: ['OrderShipped'],
        description: 'for the warehouse',
        url: receiver.url('/changing'),
        revision: '1',
      });
      expect(changed.headers['etag']).toBe('"1"');
      const shown = await server.api.get('/api/v1/webhooks/changing').expect(200);
      expect(shown.headers['etag']).toBe('"1"');
    });

    it('refuses when somebody else was first', async () => {
      await register('contended').expect(201);
      await server.api.patch('/api/v1/webhooks/contended').send({ timeoutMs: 1_000 }).expect(200);

      const { body } = await server.api
        .patch('/api/v1/webhooks/contended')
        .set('If-Match', '"0"')
        .send({ timeoutMs: 2_000 })
        .expect(412);

      expect(body).toMatchObject({ code: 'PSH_REGISTRY_REVISION_MISMATCH' });
      const shown = await server.api.get('/api/v1/webhooks/contended').expect(200);
      expect(shown.body).toMatchObject({ timeoutMs: 1_000 });
    });

    it.each(['0', 'W/"0"', '"a"', '"0", "1"', '""'])('refuses If-Match %s', async (ifMatch) => {
      await server.api.delete('/api/v1/webhooks/matched');
      await register('matched').expect(201);

      const { body } = await server.api
        .patch('/api/v1/webhooks/matched')
        .set('If-Match', ifMatch)
        .send({ timeoutMs: 1_000 })
        .expect(400);

      expect(body).toMatchObject({ problems: [{ field: 'If-Match' }] });
    });

    it.each(['id', 'signingSecrets', 'startFrom', 'status'])(
      'refuses the field %s, which is not changed here',
      async (field) => {
        await register(`fixed-${field}`).expect(201);

        const { body } = await server.api
          .patch(`/api/v1/webhooks/fixed-${field}`)
          .send({ [field]: 'now' })
          .expect(400);

        expect(body).toMatchObject({ problems: [{ field }] });
      },
    );
  });

  it('pauses and resumes', async () => {
    await register('paused').expect(201);

    const paused = await server.api
      .post('/api/v1/webhooks/paused/pause')
      .send({ reason: 'maintenance' })
      .expect(200);
    const resumed = await server.api.post('/api/v1/webhooks/paused/resume').expect(200);

    expect(paused.body).toMatchObject({ status: 'paused' });
    expect(resumed.body).toMatchObject({ status: 'active' });
  });

  it('removes, and lets the id be registered again', async () => {
    await register('removed').expect(201);

    await server.api.delete('/api/v1/webhooks/removed').expect(204);

    await server.api.get('/api/v1/webhooks/removed').expect(404);
    await register('removed').expect(201);
  });

  it('sends a signed test call and tells what it met', async () => {
    const { body: webhook } = await register('tested').expect(201);
    expect(webhook).toBeDefined();

    const good = await server.api.post('/api/v1/webhooks/tested/test').expect(200);
    receiver.behave('/tested', (_request, response) => {
      response.writeHead(503).end('not now');
    });
    const bad = await server.api.post('/api/v1/webhooks/tested/test').expect(200);

    expect(good.body).toMatchObject({ isSuccess: true, statusCode: 204, errorClass: null });
    expect(bad.body).toMatchObject({
      isSuccess: false,
      statusCode: 503,
      errorClass: 'http_status',
      responseBody: 'not now',
    });
    const [first] = receiver.at('/tested');
    expect(first?.headers).toMatchObject({
      'webhook-id': expect.any(String),
      'webhook-signature': expect.stringMatching(/^v1,/),
    });
  });

  it('reveals and rotates the signing secret', async () => {
    const { body: registered } = await register('rotated').expect(201);

    const revealed = await server.api.post('/api/v1/webhooks/rotated/reveal-secret').expect(200);
    const rotated = await server.api
      .post('/api/v1/webhooks/rotated/rotate-secret')
      .send({ overlapMs: 60_000 })
      .expect(200);

    expect(revealed.body).toEqual({
      signingSecret: (registered as { signingSecret: string }).signingSecret,
      publicKey: null,
    });
    expect(rotated.body).not.toEqual(revealed.body);
  });

  it('lists by pages, each webhook once', async () => {
    const ids = ['page-a', 'page-b', 'page-c'];
    for (const id of ids) await register(id, { tenantId: 'pages' }).expect(201);

    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const from: string = cursor === null ? '' : `&cursor=${cursor}`;
      const { body } = await server.api
        .get(`/api/v1/webhooks?tenantId=pages&limit=2${from}`)
        .expect(200);
      const page = body as { items: { id: string }[]; nextCursor: string | null; total: number };
      expect(page.total).toBe(3);
      seen.push(...page.items.map(({ id }) => id));
      cursor = page.nextCursor;
    } while (cursor !== null);

    expect(seen).toEqual(ids);
  });
});
