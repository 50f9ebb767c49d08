import { createPrivateKey } from 'node:crypto';
import type { PlantedSecrets } from '../support/planted-secrets.js';
import { certificate, testAuthority } from './certificates.js';

/**
 * Plants the key of a client certificate: as its number, which any other encoding of the key holds, and as the lines of
 * its PEM that hold it.
 *
 * @returns the certificate, and what a definition says of it, its key encrypted with `passphrase`
 */
export function plantedIdentity(planted: PlantedSecrets, passphrase: string) {
  const client = certificate('endpoint');
  const key = createPrivateKey(client.key);
  const number = Buffer.from(String(key.export({ format: 'jwk' }).d), 'base64url');
  planted.plant('client key', number.toString('base64'));
  const [, first = '', second = ''] = client.key.split('\n');
  planted.plant('first line of the client key', first);
  planted.plant('second line of the client key', second);
  const cipher = 'aes-256-cbc';
  const sealed = String(key.export({ type: 'pkcs8', format: 'pem', cipher, passphrase }));
  return {
    client,
    tls: {
      clientCertificate: { certificate: client.cert, key: sealed, passphrase },
      certificateAuthorities: [testAuthority()],
    },
  };
}
