import { laneReport } from './lane-signal.js';

const met = (statusCode: number | null, errorClass: string | null, verdict = 'retry') =>
  laneReport({ verdict, statusCode, errorClass, retryAfterMs: 5_000 } as Parameters<
    typeof laneReport
  >[0]);

describe('what a request says about its endpoint', () => {
  it.each([
    [200, null, 'answers'],
    [302, 'redirect_refused', 'answers'],
    [400, 'http_status', 'answers'],
    [408, 'http_status', 'answers'],
    [410, 'http_status', 'answers'],
    [429, 'http_status', 'overloaded'],
    [500, 'http_status', 'broken'],
    [502, 'http_status', 'unavailable'],
    [503, 'http_status', 'unavailable'],
    [504, 'http_status', 'unavailable'],
    [null, 'timeout', 'unreachable'],
    [200, 'timeout', 'unreachable'],
    [null, 'connection_refused', 'unreachable'],
    [null, 'dns_error', 'unreachable'],
    [null, 'sender_error', 'broken'],
    [null, 'ssrf_blocked', undefined],
    [null, 'token_error', undefined],
    [null, 'aborted', undefined],
  ])('status %s, %s: %s', (statusCode, errorClass, signal) => {
    expect(met(statusCode, errorClass)?.signal).toBe(signal);
  });

  it('says nothing about it when it was not asked', () => {
    expect(met(null, 'proxy_error', 'postpone')?.signal).toBe('unasked');
    expect(met(null, 'token_error', 'postpone')?.signal).toBe('unasked');
    expect(met(null, 'no_token', 'postpone')).toBeNull();
  });

  it('carries Retry-After of a 429 and a 503 alone', () => {
    const asked = [429, 503, 500, 404].map((status) => met(status, 'http_status')?.retryAfterMs);
    expect(asked).toEqual([5_000, 5_000, null, null]);
  });
});
