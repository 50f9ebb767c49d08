import { inspect } from 'node:util';
import fc from 'fast-check';
import { PosthornError } from '../../kernel/index.js';
import { KeyRing } from './key-ring.js';
import { openVault } from './registry-key.js';
import { SecretVault } from './secret-vault.js';

const AT = '2026-01-01T00:00:00.000Z';
const ONE = Buffer.alloc(32, 1).toString('base64');
const TWO = Buffer.alloc(32, 2).toString('base64');
const PLACE = { webhookId: 'orders', field: 'auth.token' };

function vaultOf(ring: string): SecretVault {
  return new SecretVault(KeyRing.parse(ring), Buffer.alloc(32, 9));
}

function codeOf(work: () => unknown): string | undefined {
  try {
    work();
  } catch (error) {
    return error instanceof PosthornError ? error.code : String(error);
  }
  return undefined;
}

describe('KeyRing', () => {
  it('reads one key, or several of which the first encrypts', () => {
    expect(KeyRing.parse(ONE).ids).toHaveLength(1);
    expect(KeyRing.parse(`new:${TWO}, old:${ONE}`)).toMatchObject({
      currentId: 'new',
      ids: ['new', 'old'],
    });
  });

  it('gives a key without an id always the same one, and another key another one', () => {
    expect(KeyRing.parse(ONE).currentId).toBe(KeyRing.parse(ONE).currentId);
    expect(KeyRing.parse(ONE).currentId).not.toBe(KeyRing.parse(TWO).currentId);
  });

  it.each([
    ['nothing', ''],
    ['a short key', Buffer.alloc(16, 1).toString('base64')],
    ['something else', 'password'],
    ['an id twice', `a:${ONE},a:${TWO}`],
    ['a bad id', `a b:${ONE}`],
  ])('refuses %s without quoting it', (_, text) => {
    const parse = (): unknown => KeyRing.parse(text);
    expect(codeOf(parse)).toBe('PSH_REGISTRY_INVALID_KEY');
    expect(parse).not.toThrow(/password|AQEB/u);
  });

  it('shows no key', () => {
    const ring = KeyRing.parse(`k:${ONE}`);
    expect(inspect(ring, { depth: 9, showHidden: true }) + JSON.stringify(ring)).not.toMatch(
      /AQEB|01 01|1, 1/u,
    );
  });
});

describe('SecretVault', () => {
  it('gives back what was put in, of any length, and shows none of it', () => {
    const vault = vaultOf(`k:${ONE}`);
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), (clear) => {
        const secret = vault.encrypt(clear, PLACE);
        expect(vault.decrypt(secret, PLACE)).toBe(clear);
        expect(secret.fingerprint).toBe(vault.fingerprint(clear, PLACE));
      }),
    );
    const long = 'secret'.repeat(20_000);
    expect(vault.decrypt(vault.encrypt(long, PLACE), PLACE)).toBe(long);
    expect(JSON.stringify(vault.encrypt('hunter2', PLACE))).not.toContain('hunter2');
  });

  it('never encrypts the same secret to the same bytes', () => {
    const vault = vaultOf(`k:${ONE}`);
    expect(vault.encrypt('x', PLACE).ciphertext).not.toBe(vault.encrypt('x', PLACE).ciphertext);
  });

  it('opens a secret only where it was put', () => {
    const vault = vaultOf(`k:${ONE}`);
    const secret = vault.encrypt('hunter2', PLACE);

    for (const place of [
      { ...PLACE, webhookId: 'other' },
      { ...PLACE, field: 'signingSecret' },
    ]) {
      expect(codeOf(() => vault.decrypt(secret, place))).toBe('PSH_REGISTRY_WRONG_KEY');
      expect(vault.fingerprint('hunter2', place)).not.toBe(secret.fingerprint);
    }
  });

  it('notices every altered part', () => {
    const vault = vaultOf(`k:${ONE}`);
    const secret = vault.encrypt('hunter2', PLACE);
    for (const part of ['iv', 'ciphertext', 'tag'] as const) {
      const bytes = Buffer.from(secret[part], 'base64');
      bytes[0] = (bytes[0] ?? 0) ^ 1;
      const altered = { ...secret, [part]: bytes.toString('base64') };
      expect(codeOf(() => vault.decrypt(altered, PLACE))).toBe('PSH_REGISTRY_WRONG_KEY');
      const missing = { ...secret, [part]: '' };
      expect(codeOf(() => vault.decrypt(missing, PLACE))).toBe('PSH_REGISTRY_WRONG_KEY');
    }
  });

  it('reads with the old keys of the ring and says which one is missing', () => {
    const secret = vaultOf(`old:${ONE}`).encrypt('hunter2', PLACE);

    expect(vaultOf(`new:${TWO},old:${ONE}`).decrypt(secret, PLACE)).toBe('hunter2');
    expect(vaultOf(`new:${TWO},old:${ONE}`).encrypt('x', PLACE).keyId).toBe('new');
    expect(codeOf(() => vaultOf(`new:${TWO}`).decrypt(secret, PLACE))).toBe(
      'PSH_REGISTRY_UNKNOWN_KEY',
    );
    expect(codeOf(() => vaultOf(`old:${TWO}`).decrypt(secret, PLACE))).toBe(
      'PSH_REGISTRY_WRONG_KEY',
    );
  });
});

describe('the proof of the registry key', () => {
  const ring = KeyRing.parse(`old:${ONE}`);

  it('is recorded once, and opens the same vault ever after', () => {
    const first = openVault(ring, undefined, AT);
    const proof = first.toRecord?.data.fingerprintKey;
    const second = openVault(ring, proof, AT);

    expect(second.toRecord).toBeUndefined();
    expect(second.vault.fingerprint('x', PLACE)).toBe(first.vault.fingerprint('x', PLACE));
  });

  it('refuses another key, also one that pretends to the same id', () => {
    const proof = openVault(ring, undefined, AT).toRecord?.data.fingerprintKey;

    expect(codeOf(() => openVault(KeyRing.parse(TWO), proof, AT))).toBe('PSH_REGISTRY_UNKNOWN_KEY');
    expect(codeOf(() => openVault(KeyRing.parse(`old:${TWO}`), proof, AT))).toBe(
      'PSH_REGISTRY_WRONG_KEY',
    );
  });

  it('follows a new key, so that fingerprints outlive the old one', () => {
    const first = openVault(ring, undefined, AT);
    const both = KeyRing.parse(`new:${TWO},old:${ONE}`);
    const rotated = openVault(both, first.toRecord?.data.fingerprintKey, AT);
    const alone = openVault(KeyRing.parse(`new:${TWO}`), rotated.toRecord?.data.fingerprintKey, AT);

    expect(alone.toRecord).toBeUndefined();
    expect(alone.vault.fingerprint('x', PLACE)).toBe(first.vault.fingerprint('x', PLACE));
  });
});
