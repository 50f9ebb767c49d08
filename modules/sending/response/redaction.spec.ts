import fc from 'fast-check';
import { MASK, redact, redactCut } from './redaction.js';

const SECRET = 'pa"s\\s/wo+rd&<é>';

describe('a text with a secret in it', () => {
  it.each([
    ['as it is', SECRET],
    ['in JSON', JSON.stringify(SECRET).slice(1, -1)],
    ['in JSON in JSON', JSON.stringify(JSON.stringify(SECRET).slice(1, -1)).slice(1, -1)],
    ['in JSON of PHP', JSON.stringify(SECRET).slice(1, -1).replaceAll('/', '\\/')],
    ['in HTML', 'pa&quot;s\\s/wo+rd&amp;&lt;é&gt;'],
    ['in a URL', encodeURIComponent(SECRET)],
    ['in a form', new URLSearchParams({ a: SECRET }).toString().slice(2)],
    ['in hexadecimal digits', Buffer.from(SECRET).toString('hex')],
    ['in capital ones', Buffer.from(SECRET).toString('hex').toUpperCase()],
    ['in Latin-1 that is read as UTF-8', Buffer.from(SECRET, 'latin1').toString()],
  ])('%s shows it no more', (_, form) => {
    expect(redact(`before ${form} after`, ['other-secret', SECRET])).toBe(`before ${MASK} after`);
  });

  it.each(['base64', 'base64url'] as const)(
    'in %s shows no part of it, wherever it begins',
    (encoding) => {
      const secret = 'a-token-that-nobody-may-see';
      fc.assert(
        fc.property(fc.string({ maxLength: 7 }), fc.string({ maxLength: 7 }), (before, after) => {
          const echoed = Buffer.from(before + secret + after).toString(encoding);
          const shown = Buffer.from(redact(echoed, [secret]).replace(MASK, '----'), encoding);

          expect(redact(echoed, [secret])).toContain(MASK);
          expect(shown.toString()).not.toContain('nobody');
        }),
      );
    },
  );

  it('shows a signing secret neither without its prefix nor as the bytes of its key', () => {
    const key = Buffer.alloc(32, 5);
    const secret = `whsec_${key.toString('base64')}`;

    expect(redact(`${key.toString('base64')} ${key.toString('hex')}`, [secret])).toBe(
      `${MASK} ${MASK}`,
    );
  });

  it('keeps words that a very short one would hit', () => {
    expect(redact('an error occurred', ['error'])).toBe('an error occurred');
  });

  it('and cut in the middle of it shows no beginning of it', () => {
    expect(redactCut('so it says: secret-tok', ['secret-token'])).toBe(`so it says: ${MASK}`);
    expect(redactCut('so it says: nothing', ['secret-token'])).toBe('so it says: nothing');
  });
});
