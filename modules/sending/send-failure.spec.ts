import fc from 'fast-check';
import { SendFailure, sendFailureOf, verdictOfFailure, verdictOfStatus } from './send-failure.js';

describe('what a failure is called', () => {
  it.each([
    ['ECONNREFUSED', 'connection_refused'],
    ['ECONNRESET', 'connection_reset'],
    ['EPIPE', 'connection_reset'],
    ['ENETUNREACH', 'network_unreachable'],
    ['EHOSTUNREACH', 'network_unreachable'],
    ['ETIMEDOUT', 'timeout'],
    ['UND_ERR_RES_CONTENT_LENGTH_MISMATCH', 'invalid_response'],
    ['UND_ERR_HEADERS_OVERFLOW', 'response_too_large'],
    ['UND_ERR_INVALID_ARG', 'invalid_request'],
    ['EMFILE', 'unknown'],
  ])('follows the code %s: %s', (code, errorClass) => {
    const error = Object.assign(new Error('it broke'), { code });

    expect(sendFailureOf(error)).toMatchObject({ errorClass, message: 'it broke' });
  });

  it('says of what undici takes for granted that the response is invalid', () => {
    const error = Object.assign(new Error('assert(statusCode >= 100)'), { code: 'ERR_ASSERTION' });

    const failure = sendFailureOf(error);

    expect(failure.errorClass).toBe('invalid_response');
    expect(failure.message).not.toContain('assert');
  });

  it('keeps what is one already', () => {
    const failure = new SendFailure('tls_error', 'expired');

    expect(sendFailureOf(failure)).toBe(failure);
  });

  it('has a message of bounded length whatever was thrown', () => {
    fc.assert(
      fc.property(fc.anything(), (thrown) => {
        const { message } = sendFailureOf(thrown);
        expect(message.length).toBeLessThanOrEqual(300);
      }),
    );
    expect(sendFailureOf(new Error('x'.repeat(10_000))).message).toHaveLength(300);
  });
});

describe('what is done about an attempt', () => {
  it('is decided for every status, and 2xx alone is a success', () => {
    for (let status = 200; status <= 999; status += 1) {
      expect(verdictOfStatus(status) === 'success').toBe(status < 300);
    }
  });

  it('is a rejection when the target or the request is refused, and another attempt otherwise', () => {
    expect(verdictOfFailure('ssrf_blocked')).toBe('reject');
    expect(verdictOfFailure('insecure_url')).toBe('reject');
    expect(verdictOfFailure('invalid_request')).toBe('reject');
    expect(verdictOfFailure('dns_error')).toBe('retry');
    expect(verdictOfFailure('tls_error')).toBe('retry');
    expect(verdictOfFailure('timeout')).toBe('retry');
    expect(verdictOfFailure('aborted')).toBe('retry');
  });

  it('costs the endpoint nothing when the egress proxy failed', () => {
    expect(verdictOfFailure('proxy_error')).toBe('postpone');
  });
});
