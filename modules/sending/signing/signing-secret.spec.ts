import fc from 'fast-check';
import { parseSigningSecret } from './signing-secret.js';

describe('parseSigningSecret', () => {
  it('reads whsec_ and the base64 of 24 to 64 bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 24, maxLength: 64 }), (bytes) => {
        const base64 = Buffer.from(bytes).toString('base64');
        for (const text of [base64, base64.replace(/=+$/, '')]) {
          expect(parseSigningSecret(`whsec_${text}`).export()).toEqual(Buffer.from(bytes));
        }
      }),
    );
  });

  it.each([
    ['no prefix', Buffer.alloc(24).toString('base64'), /begin with whsec_/],
    ['another prefix', `whsk_${Buffer.alloc(24).toString('base64')}`, /begin with whsec_/],
    ['too few bytes', `whsec_${Buffer.alloc(23).toString('base64')}`, /23 bytes/],
    ['too many bytes', `whsec_${Buffer.alloc(65).toString('base64')}`, /65 bytes/],
    ['nothing', 'whsec_', /0 bytes/],
    ['URL-safe base64', `whsec_${'_-'.repeat(16)}`, /not base64/],
    ['a space', `whsec_ ${Buffer.alloc(24).toString('base64')}`, /not base64/],
    ['a line break', `whsec_${Buffer.alloc(24).toString('base64')}\n`, /not base64/],
    ['a broken length', `whsec_${'A'.repeat(33)}`, /not base64/],
  ])('refuses %s, without repeating it', (_what, secret, reason) => {
    expect(() => parseSigningSecret(secret)).toThrow(
      expect.objectContaining({
        code: 'PSH_SENDING_INVALID_SECRET',
        message: expect.stringMatching(reason) as string,
      }),
    );
    expect(() => parseSigningSecret(secret)).not.toThrow(secret);
  });
});
