import { readFileSync } from 'node:fs';

export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** One of the test-only certificates. */
export function certificate(
  name: 'endpoint' | 'other-host' | 'self-signed' | 'expired',
): Certificate {
  return { cert: read(`${name}.pem`), key: read(`${name}.key.pem`) };
}

/** The authority that signed them. */
export function testAuthority(): string {
  return read('authority.pem');
}

function read(file: string): string {
  return readFileSync(new URL(`./certificates/${file}`, import.meta.url), 'utf8');
}
