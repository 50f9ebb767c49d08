import { outgoing, RecordingOpener, SECRET, SendingRig } from '../../test/hostile/sending.js';
import { ManualClock } from '../kernel/index.js';
import { SendFailure } from './send-failure.js';
import type { AttemptResult, Carry, OutgoingRequest } from './sender.js';

/** A name that resolves to nothing: whoever dials it fails. */
const URL = 'https://queue.invalid/orders';

class QueueFull extends Error {}

describe('a request that a hook carries', () => {
  const rig = new SendingRig();
  let clock: ManualClock;
  let opener: RecordingOpener;

  beforeEach(() => {
    clock = new ManualClock();
    opener = new RecordingOpener();
  });

  afterEach(() => rig.close());

  const send = (
    carry: Carry,
    changes: Partial<Omit<OutgoingRequest, 'url'>> = {},
    signal?: AbortSignal,
  ): Promise<AttemptResult> =>
    rig
      .sender({ clock, openSocket: opener.open })
      .send(outgoing(URL, { ...changes, carry }), signal);

  it('is signed and authorised, and nothing is dialled', async () => {
    const carried: Parameters<Carry>[0][] = [];

    const result = await send(
      (request) => {
        carried.push(request);
        return { status: 202 };
      },
      { auth: { type: 'bearer', token: 'the-token' }, headers: { 'X-Kind': 'a' }, isReplay: true },
    );

    expect(carried[0]?.url).toBe(URL);
    expect(carried[0]?.body.toString()).toBe('{"type":"account.opened"}');
    expect(carried[0]?.headers).toMatchObject({
      authorization: 'Bearer the-token',
      'content-type': 'application/json',
      'webhook-id': 'delivery-1',
      'webhook-signature': expect.stringMatching(/^v1,/u) as string,
      'webhook-replay': 'true',
      'x-kind': 'a',
    });
    expect(result).toMatchObject({ verdict: 'success', statusCode: 202, remoteAddress: null });
    expect(opener.addresses).toEqual([]);
  });

  it.each([
    [204, 'success', null],
    [302, 'reject', 'redirect_refused'],
    [400, 'reject', 'http_status'],
    [410, 'gone', 'http_status'],
    [429, 'retry', 'http_status'],
    [503, 'retry', 'http_status'],
  ])('that is answered %s has the verdict %s', async (status, verdict, errorClass) => {
    expect(await send(() => Promise.resolve({ status }))).toMatchObject({ verdict, errorClass });
  });

  it('is put off as the answer asks, whatever the case of its headers', async () => {
    const result = await send(() => ({ status: 429, headers: { 'Retry-After': '7' } }));

    expect(result.retryAfterMs).toBe(7_000);
  });

  it.each([
    ['text', 'x'.repeat(5_000)],
    ['bytes', Buffer.alloc(5_000, 'x')],
    ['much text', 'x'.repeat(500_000)],
  ])('is recorded with 4 KiB of an answer in %s', async (_what, body) => {
    expect(await send(() => ({ status: 200, body }))).toMatchObject({
      responseBody: 'x'.repeat(4_096),
      isResponseTruncated: true,
    });
  });

  it('is recorded without the credentials that the answer repeats', async () => {
    const result = await send(
      ({ headers }) => ({
        status: 200,
        headers: { 'x-echo': headers['authorization'], 'set-cookie': ['a=1', 'b=2'] },
        body: `${String(headers['authorization'])} ${SECRET}`,
      }),
      { auth: { type: 'bearer', token: 'the-token' } },
    );

    expect(result.responseHeaders).toEqual({
      'x-echo': 'Bearer [masked]',
      'set-cookie': '[masked]',
    });
    expect(result.responseBody).toBe('Bearer [masked] [masked]');
  });

  it.each<[string, Carry]>([
    [
      'throws',
      () => {
        throw new QueueFull('hunter2');
      },
    ],
    ['rejects', () => Promise.reject(new QueueFull('hunter2'))],
  ])('fails when the hook %s, and none of its words is told', async (_how, carry) => {
    expect(await send(carry)).toMatchObject({
      verdict: 'retry',
      errorClass: 'sender_error',
      errorMessage: 'the sender hook threw QueueFull',
      statusCode: null,
      responseBody: null,
    });
  });

  it('is judged by Posthorn alone, whatever kind of error the hook throws', async () => {
    const result = await send(() => {
      throw new SendFailure('ssrf_blocked', 'hunter2');
    });

    expect(result).toMatchObject({
      verdict: 'retry',
      errorClass: 'sender_error',
      errorMessage: 'the sender hook threw SendFailure',
    });
  });

  it.each([
    [undefined, 'answered nothing'],
    [202, 'answered nothing'],
    [{ status: '202' }, 'answered no status from 200 to 599'],
    [{ status: 100 }, 'answered no status from 200 to 599'],
    [{ status: 200.5 }, 'answered no status from 200 to 599'],
    [{ status: 200, headers: 'a: b' }, 'answered headers that are no object'],
    [{ status: 200, headers: { 'retry-after': 7 } }, 'answered a header that is no text'],
    [{ status: 200, body: { id: 1 } }, 'answered a body that is neither text nor bytes'],
  ])('fails when the answer is %j', async (answer, reason) => {
    expect(await send(() => answer)).toMatchObject({
      verdict: 'retry',
      errorClass: 'sender_error',
      errorMessage: `the sender hook ${reason}`,
    });
  });

  it('ends at its deadline when the hook never settles, and the hook is told', async () => {
    let told: AbortSignal | undefined;
    const sending = send(
      ({ signal }) => {
        told = signal;
        return new Promise(() => undefined);
      },
      { timeoutMs: 1_000 },
    );

    clock.advance(1_000);

    expect(await sending).toMatchObject({
      verdict: 'retry',
      errorClass: 'timeout',
      timings: { totalMs: 1_000 },
    });
    expect(told?.aborted).toBe(true);
  });

  it('is given up when it is aborted, and the hook is told', async () => {
    const abort = new AbortController();
    let told: AbortSignal | undefined;
    const sending = send(
      ({ signal }) => {
        told = signal;
        return new Promise(() => undefined);
      },
      {},
      abort.signal,
    );

    abort.abort();

    expect(await sending).toMatchObject({ errorClass: 'aborted' });
    expect(told?.aborted).toBe(true);
  });

  it('is not carried without a signature', async () => {
    let calls = 0;
    const carry = (): object => ({ status: 200 + calls++ });

    expect(await send(carry, { signingSecrets: [] })).toMatchObject({
      verdict: 'reject',
      errorClass: 'invalid_request',
    });
    expect(calls).toBe(0);
  });
});
