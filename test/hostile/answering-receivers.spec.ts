import { answer, type Behaviour } from './endpoint.js';
import { meet } from './encounter.js';
import { drip, ENDLESS, flood } from './floods.js';
import { outgoing, SendingRig, until } from './sending.js';

const DAY_MS = 86_400_000;
const DATE = 'date: Wed, 01 Jan 2025 00:00:00 GMT';

describe('receivers that answer in a way of their own', () => {
  const rig = new SendingRig();

  afterEach(() => rig.close());

  describe('by leading elsewhere are not followed', () => {
    it.each([300, 301, 302, 303, 305, 307, 308])('with %i to themselves', async (status) => {
      const { result, endpoint } = await meet(rig, (socket) =>
        socket.write(answer(status, '', ['location: /hook'])),
      );

      expect(result).toMatchObject({ verdict: 'reject', errorClass: 'redirect_refused' });
      expect(endpoint.requests).toHaveLength(1);
    });

    it('with 304, which is no redirect and no success either', async () => {
      const { result } = await meet(rig, (socket) =>
        socket.write('HTTP/1.1 304 Not Modified\r\netag: "x"\r\n\r\n'),
      );

      expect(result).toMatchObject({ verdict: 'reject', statusCode: 304, responseBody: '' });
    });

    it.each(['location', 'refresh', 'link', 'content-location', 'alt-svc'])(
      'with a header %s on a success',
      async (name) => {
        const target = await rig.endpoint();
        const { result } = await meet(rig, (socket) =>
          socket.write(answer(201, '', [`${name}: ${target.url()}`])),
        );

        expect(result.verdict).toBe('success');
        expect(target.connections).toBe(0);
      },
    );
  });

  it('by being gone are told apart from those that fail', async () => {
    const { result } = await meet(rig, (socket) => socket.write(answer(410, 'bye')));

    expect(result).toMatchObject({ verdict: 'gone', statusCode: 410, responseBody: 'bye' });
  });

  it.each([
    ['seconds', '120', 120_000],
    ['no seconds', '0', 0],
    ['seconds that begin with zeros', '007', 7_000],
    ['seconds between spaces', '  5 ', 5_000],
    ['a date', 'Wed, 01 Jan 2025 00:02:00 GMT', 120_000],
    ['a date as C writes it', 'Wed Jan  1 00:02:00 2025 GMT', 120_000],
    ['a date that has passed', 'Tue, 31 Dec 2024 23:00:00 GMT', 0],
    ['a year from now', 'Thu, 01 Jan 2026 00:00:00 GMT', DAY_MS],
    ['an absurd number', '999999999999999999999999', DAY_MS],
    ['an absurd date', 'Fri, 31 Dec 9999 23:59:59 GMT', DAY_MS],
    ['a date that does not exist', 'Wed, 99 Foo 2025 99:99:99 GMT', null],
    ['a negative number', '-5', null],
    ['a fraction', '1.5', null],
    ['an exponent', '1e9', null],
    ['a word', 'soon', null],
    ['nothing', '', null],
    ['kilobytes', '9'.repeat(4_000), DAY_MS],
  ])('by asking for a pause in %s get one that is bounded', async (_what, retryAfter, expected) => {
    const { result } = await meet(rig, (socket) =>
      socket.write(answer(503, '', [`retry-after: ${retryAfter}`, DATE])),
    );

    expect(result).toMatchObject({ verdict: 'retry', retryAfterMs: expected });
  });

  it('by asking for a pause twice get the first', async () => {
    const { result } = await meet(rig, (socket) =>
      socket.write(answer(429, '', ['retry-after: 3', 'retry-after: 9999', DATE])),
    );

    expect(result.retryAfterMs).toBe(3_000);
  });

  it('however they misbehave, do not disturb the attempts beside them', async () => {
    const hostile: Behaviour[] = [
      () => undefined,
      (socket) => socket.resetAndDestroy(),
      (socket) => {
        flood(socket, ENDLESS);
      },
      (socket) => socket.write('garbage\r\n\r\n'),
      (socket) => {
        drip(socket, ENDLESS, 'x');
      },
    ];
    const good = await rig.endpoint();
    const bad = await Promise.all(hostile.map((behaviour) => rig.endpoint(behaviour)));
    const sender = rig.sender();

    const results = await Promise.all([
      ...bad.flatMap((endpoint) =>
        Array.from({ length: 4 }, () => sender.send(outgoing(endpoint.url(), { timeoutMs: 300 }))),
      ),
      ...Array.from({ length: 20 }, () => sender.send(outgoing(good.url()))),
    ]);

    expect(results.slice(-20).every(({ verdict }) => verdict === 'success')).toBe(true);
    await until(() => bad.every((endpoint) => endpoint.sockets.size === 0));
  });
});
