import { parseTarget } from './target.js';

describe('parseTarget', () => {
  it('tells where a URL leads', () => {
    expect(parseTarget('https://Hooks.Example.com/in?a=b#part')).toEqual({
      origin: 'https://hooks.example.com',
      isSecure: true,
      hostname: 'hooks.example.com',
      isLiteral: false,
      port: 443,
      path: '/in?a=b',
    });
    expect(parseTarget('http://[::1]:8080')).toEqual({
      origin: 'http://[::1]:8080',
      isSecure: false,
      hostname: '::1',
      isLiteral: true,
      port: 8080,
      path: '/',
    });
  });

  it.each([
    'http://127.1/',
    'http://0x7f.1/',
    'http://0x7f000001/',
    'http://0177.0.0.1/',
    'http://2130706433/',
    'http://127.0.0.1./',
    'http://①②⑦.⓪.⓪.①/',
    'http://127。0。0。1/',
    'http://%31%32%37.0.0.1/',
  ])('reads %s as the loopback', (url) => {
    expect(parseTarget(url)).toMatchObject({ hostname: '127.0.0.1', isLiteral: true });
  });

  it.each([
    ['', 'the URL is not valid'],
    ['/hook', 'the URL is not valid'],
    ['https://', 'the URL is not valid'],
    ['https://256.0.0.1/', 'the URL is not valid'],
    ['https://[fe80::1%25eth0]/', 'the URL is not valid'],
    ['file:///etc/passwd', 'the URL has the scheme "file:", not https'],
    ['javascript:alert(1)', 'the URL has the scheme "javascript:", not https'],
    ['https://user@example.com/', 'the URL contains user information'],
    ['https://:password@example.com/', 'the URL contains user information'],
  ])('refuses %p: %s', (url, reason) => {
    expect(parseTarget(url)).toBe(reason);
  });
});
