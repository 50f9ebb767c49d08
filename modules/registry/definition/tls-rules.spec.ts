import { createPrivateKey } from 'node:crypto';
import { certificate, testAuthority } from '../../../test/hostile/certificates.js';
import { Problems } from './problems.js';
import { checkTls } from './tls-rules.js';

const NOW = Date.UTC(2026, 0, 1);
const CLIENT = certificate('endpoint');
const EXPIRED = certificate('expired');

function judged(tls: unknown, isDeclared = false) {
  const problems = new Problems();
  const draft = checkTls(tls, { now: () => NOW, isDeclared }, problems);
  return { draft, problems: problems.found, fields: problems.found.map(({ field }) => field) };
}

function client(changes: object, isDeclared = false) {
  const { cert, key } = CLIENT;
  return judged({ clientCertificate: { certificate: cert, key, ...changes } }, isDeclared);
}

describe('the certificates of a webhook', () => {
  it('are a client certificate with its key, and authorities', () => {
    const { draft, problems } = judged({
      clientCertificate: { certificate: CLIENT.cert, key: CLIENT.key },
      certificateAuthorities: [testAuthority(), testAuthority()],
    });

    expect(problems).toEqual([]);
    expect(draft?.clientCertificate?.key.reveal()).toContain('PRIVATE KEY');
    expect(draft?.certificateAuthorities).toHaveLength(1);
  });

  it('keep nothing but certificates of a text that holds a key too', () => {
    const { draft, problems } = client({ certificate: `${CLIENT.key}\n${CLIENT.cert}` });

    expect(problems).toEqual([]);
    expect(draft?.clientCertificate?.certificate).not.toContain('PRIVATE');
  });

  it('take an encrypted key with its passphrase, and keep it without', () => {
    const format = {
      type: 'pkcs8',
      format: 'pem',
      cipher: 'aes-256-cbc',
      passphrase: 'p',
    } as const;
    const key = createPrivateKey(CLIENT.key).export(format).toString();

    expect(client({ key, passphrase: 'p' }).draft?.clientCertificate?.key.reveal()).toBe(
      client({}).draft?.clientCertificate?.key.reveal(),
    );
    for (const wrong of [{ key }, { key, passphrase: 'q' }]) {
      expect(client(wrong).problems).toMatchObject([
        {
          field: 'tls.clientCertificate.key',
          message: expect.stringContaining('passphrase') as string,
        },
      ]);
    }
  });

  it('are taken back with null', () => {
    expect(judged({ clientCertificate: null, certificateAuthorities: null }).draft).toEqual({
      clientCertificate: null,
      certificateAuthorities: [],
    });
  });

  it.each([
    ['no object', 'x', ['tls']],
    ['a field that is none', { ca: 'x' }, ['tls.ca']],
    ['no list of authorities', { certificateAuthorities: 'x' }, ['tls.certificateAuthorities']],
    [
      'an authority that is none',
      { certificateAuthorities: ['x'] },
      ['tls.certificateAuthorities.0'],
    ],
    [
      'neither certificate nor key',
      { clientCertificate: {} },
      ['tls.clientCertificate.certificate', 'tls.clientCertificate.key'],
    ],
  ])('are refused with %s', (_what, tls, fields) => {
    expect(judged(tls).fields).toEqual(fields);
  });

  it('are refused with the key of another certificate', () => {
    const { fields, problems } = client({ key: certificate('other-host').key });

    expect(fields).toEqual(['tls.clientCertificate.key']);
    expect(JSON.stringify(problems)).not.toContain('PRIVATE KEY-----\\n');
  });

  it('are refused when they have expired, except in code that has not changed since', () => {
    const expired = { certificate: EXPIRED.cert, key: EXPIRED.key };

    expect(client(expired).problems).toMatchObject([
      {
        field: 'tls.clientCertificate.certificate',
        message: expect.stringContaining('2020-02-01') as string,
      },
    ]);
    expect(client(expired, true).problems).toEqual([]);
  });
});
