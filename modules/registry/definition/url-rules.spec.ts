import { Problems } from './problems.js';
import { checkUrl } from './url-rules.js';

function check(url: unknown, isHttpAllowed = false) {
  const problems = new Problems();
  return { url: checkUrl(url, { isHttpAllowed }, problems), problems: problems.found };
}

describe('checkUrl', () => {
  it.each([
    ['https://example.com', 'https://example.com/'],
    ['HTTPS://Example.COM:443/a?b=c', 'https://example.com/a?b=c'],
    ['https://[2001:db8::1]:8443/x', 'https://[2001:db8::1]:8443/x'],
    ['https://example.com/a@b?c=d@e', 'https://example.com/a@b?c=d@e'],
    ['https://bücher.example/', 'https://xn--bcher-kva.example/'],
  ])('takes %s and stores what is dialled', (given, stored) => {
    expect(check(given)).toEqual({ url: stored, problems: [] });
  });

  it('takes http where that is allowed', () => {
    expect(check('http://127.0.0.1:8080/x', true).url).toBe('http://127.0.0.1:8080/x');
    expect(check('http://127.0.0.1:8080/x').problems).toHaveLength(1);
  });

  it.each([
    ...['', 'example.com', '/path', '//example.com', 'https:example.com', 'https:/example.com'],
    ...['https:///example.com', 'https://', 'https://exa mple.com', 'https://ex%zzample.com'],
    ...['ftp://example.com', 'file:///etc/passwd', 'javascript:alert(1)', 'https://example.com:0'],
    ...['https://user@example.com', 'https://user:pass@example.com', 'https://@example.com'],
    ...['https://:@example.com', 'https://example.com#', 'https://example.com/#x'],
    ...['https://example.com\\@evil.example', 'https://example.com/\t', ' https://example.com'],
    ...[
      'https://example.com\r\nHost: evil',
      'https://example.com/\u0000',
      'https://example.com:99999',
    ],
    ...['https://example.com/\u2028', `https://example.com/${'x'.repeat(2_048)}`],
    ...[`https://example.com/${'ä'.repeat(1_000)}`],
    ...[null, undefined, 5, {}, ['https://example.com']],
  ])('refuses %j', (given) => {
    const { url, problems } = check(given, true);
    expect(url).toBeUndefined();
    expect(problems.length).toBeGreaterThan(0);
    expect(problems.every(({ field }) => field === 'url')).toBe(true);
  });
});
