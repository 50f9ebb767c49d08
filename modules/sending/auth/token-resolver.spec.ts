import { answer, type Endpoint } from '../../../test/hostile/endpoint.js';
import { outgoing, SendingRig } from '../../../test/hostile/sending.js';
import { ManualClock } from '../../kernel/index.js';
import type { AttemptResult } from '../sender.js';
import { RESOLVER_TIMEOUT_MS } from './token-resolver.step.js';

describe('a webhook with a token resolver', () => {
  const rig = new SendingRig();
  let endpoint: Endpoint;
  let clock: ManualClock;

  beforeEach(async () => {
    endpoint = await rig.endpoint((socket, { headers }) => {
      socket.write(answer(200, headers['authorization']));
    });
    clock = new ManualClock();
  });

  afterEach(() => rig.close());

  const send = (resolve: () => unknown, signal?: AbortSignal): Promise<AttemptResult> =>
    rig
      .sender({ clock })
      .send(outgoing(endpoint.url(), { auth: { type: 'resolver', resolve } }), signal);

  it.each([
    ['a promise of it', () => Promise.resolve('the-token')],
    ['it', () => 'the-token'],
  ])(
    'sends the token of a function that gives %s, and never records it',
    async (_what, resolve) => {
      const result = await send(resolve);

      expect(endpoint.requests[0]?.headers['authorization']).toBe('Bearer the-token');
      expect(result).toMatchObject({ verdict: 'success', responseBody: 'Bearer [masked]' });
    },
  );

  it.each([null, undefined])('waits while the function gives %s', async (nothing) => {
    expect(await send(() => nothing)).toMatchObject({
      verdict: 'postpone',
      errorClass: 'no_token',
    });
    expect(endpoint.requests).toHaveLength(0);
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('hunter2');
      },
    ],
    ['rejects', () => Promise.reject(new Error('hunter2'))],
  ])('waits when the function %s, and tells none of its words', async (_how, resolve) => {
    expect(await send(resolve)).toMatchObject({
      verdict: 'postpone',
      errorClass: 'token_error',
      errorMessage: 'no access token: the token resolver failed',
    });
    expect(endpoint.requests).toHaveLength(0);
  });

  it.each(['', 'two words', 'line\nbreak', 7, {}, 'x'.repeat(20_000)])(
    'fails when what it gives is no token: %j',
    async (token) => {
      expect(await send(() => token)).toMatchObject({
        verdict: 'retry',
        errorClass: 'token_error',
      });
      expect(endpoint.requests).toHaveLength(0);
    },
  );

  it('waits no longer than some seconds for the function', async () => {
    const sending = send(() => new Promise(() => undefined));

    clock.advance(RESOLVER_TIMEOUT_MS);

    expect(await sending).toMatchObject({ verdict: 'postpone', errorClass: 'token_error' });
  });

  it('leaves the request what the function left of the deadline', async () => {
    const silent = await rig.endpoint(() => undefined);
    let give: (token: string) => void = () => undefined;
    const resolve = (): Promise<string> => new Promise((done) => (give = done));
    const request = outgoing(silent.url(), { auth: { type: 'resolver', resolve } });
    const sending = rig.sender({ clock }).send({ ...request, timeoutMs: 1_000 });

    clock.advance(900);
    give('token');
    while (silent.requests.length === 0) await new Promise(setImmediate);
    clock.advance(100);

    expect(await sending).toMatchObject({ verdict: 'retry', errorClass: 'timeout' });
  });

  it('holds up nobody who is told to stop', async () => {
    const abort = new AbortController();
    const sending = send(() => new Promise(() => undefined), abort.signal);

    abort.abort();

    expect(await sending).toMatchObject({ errorClass: 'aborted' });
  });
});
