import { isHeaderName, isHeaderValue, isReservedHeader } from './reserved-headers.js';

describe('headers that no webhook sets', () => {
  it.each([
    // Hop-by-hop: RFC 9110, section 7.6.1.
    ...['connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'transfer-encoding'],
    'upgrade',
    // Of the message and its framing.
    ...['host', 'content-length', 'content-type', 'content-encoding', 'expect', 'date', 'range'],
    // Of proxies, tracing, and Posthorn itself.
    ...[
      'proxy-authorization',
      'proxy-anything',
      'traceparent',
      'tracestate',
      'posthorn-x',
      'sec-x',
    ],
  ])('%s', (name) => {
    expect(isReservedHeader(name)).toBe(true);
  });

  it.each(['authorization', 'user-agent', 'accept', 'x-source', 'cookie'])('are not %s', (name) => {
    expect(isReservedHeader(name)).toBe(false);
  });
});

describe('a header', () => {
  it.each(['', 'a b', 'a:', 'a\r\n', 'é', '(a)'])('is not named %j', (name) => {
    expect(isHeaderName(name)).toBe(false);
  });

  it.each(['a\r\nb: c', 'a\n', '\0', '\u007f', '€'])('has not the value %j', (value) => {
    expect(isHeaderValue(value)).toBe(false);
  });

  it('may have spaces, tabs and Latin-1', () => {
    expect(['', 'a b\tc', 'Zoë'].every(isHeaderValue)).toBe(true);
  });
});
