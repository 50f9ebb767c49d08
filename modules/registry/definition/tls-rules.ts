import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { ClearSecret } from './clear-secret.js';
import { DEFINITION_LIMITS } from './definition-limits.js';
import { isRecord, type Problems, quoted } from './problems.js';
import type { TlsOf } from '../webhook.events.js';
import type { TlsDraft } from './webhook-draft.js';

type ClientCertificate = NonNullable<TlsDraft['clientCertificate']>;

/** What the certificates of a webhook are judged by. */
export interface TlsPolicy {
  /**
   * Whether it is declared in code. Then a client certificate may have expired: it did so while the code stayed the same,
   * and an application that starts again must not fail for it. Its endpoint says so instead.
   */
  readonly isDeclared?: boolean;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

const CERTIFICATES = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/gu;
const PARTS: ReadonlySet<string> = new Set(['clientCertificate', 'certificateAuthorities']);

/** Checks what a TLS client presents and trusts. Parts that are absent are not in the answer. */
export function checkTls(
  value: unknown,
  policy: TlsPolicy,
  problems: Problems,
): Partial<TlsDraft> | undefined {
  if (!isRecord(value)) {
    problems.add(
      'tls',
      'this is not an object',
      'Give { clientCertificate: { certificate, key }, certificateAuthorities: [...] }, or one of them.',
    );
    return;
  }
  refuseOthers('tls', value, PARTS, problems);
  const { certificateAuthorities, clientCertificate } = value;
  const client = checkPart(clientCertificate, () =>
    checkClientCertificate(clientCertificate, policy, problems),
  );
  const trusted = checkPart(certificateAuthorities, () =>
    checkAuthorities(certificateAuthorities, problems),
  );
  return {
    ...(client !== undefined && { clientCertificate: client }),
    ...(trusted !== undefined && { certificateAuthorities: trusted ?? [] }),
  };
}

/** `null` takes back what was said. */
function checkPart<Part>(value: unknown, check: () => Part | undefined): Part | null | undefined {
  return value === undefined || value === null ? value : check();
}

function checkClientCertificate(
  value: unknown,
  policy: TlsPolicy,
  problems: Problems,
): ClientCertificate | undefined {
  const field = 'tls.clientCertificate';
  if (!isRecord(value)) {
    problems.add(field, 'this is not an object', 'Give { certificate, key, passphrase? } in PEM.');
    return;
  }
  refuseOthers(field, value, new Set(['certificate', 'key', 'passphrase']), problems);
  const chain = checkCertificates(`${field}.certificate`, value['certificate'], problems);
  const key = checkKey(`${field}.key`, value, problems);
  const [leaf] = chain ?? [];
  if (!chain || !leaf || !key) return;
  const certificate = pemOf(chain);
  const pem = key.export({ type: 'pkcs8', format: 'pem' }).toString();
  if (!leaf.checkPrivateKey(key)) {
    problems.add(
      `${field}.key`,
      'the key is not that of the certificate',
      'Give the key with which the certificate was requested; the certificate of the client comes first in its chain.',
    );
  } else if (!isUsable(certificate, pem)) {
    problems.add(
      field,
      'TLS does not take this certificate with its key, such as for a key that is too short',
      'Use a key of RSA with 2048 bits or more, or of an elliptic curve.',
    );
  } else if (Date.parse(leaf.validTo) <= policy.now() && policy.isDeclared !== true) {
    problems.add(
      `${field}.certificate`,
      `the certificate has expired: it was valid to ${new Date(leaf.validTo).toISOString()}`,
      'Give the certificate that was issued in its place.',
    );
  } else {
    return { certificate, key: new ClearSecret(pem) };
  }
}

function checkKey(
  field: string,
  { key, passphrase }: Readonly<Record<string, unknown>>,
  problems: Problems,
): KeyObject | undefined {
  if (passphrase !== undefined && typeof passphrase !== 'string') {
    problems.add(
      `${field}.passphrase`,
      'this is not text',
      'Give the passphrase of the key, or none.',
    );
    return;
  }
  const isText = typeof key === 'string' && key.length <= DEFINITION_LIMITS.clientKeyLength;
  try {
    if (isText && key.includes('-----BEGIN ')) {
      return createPrivateKey({
        key,
        format: 'pem',
        ...(passphrase !== undefined && { passphrase }),
      });
    }
  } catch {
    // Reported below: what OpenSSL says of it helps nobody.
  }
  const isSealed = isText && key.includes('ENCRYPTED');
  problems.add(
    field,
    isSealed
      ? 'the key is encrypted, and the passphrase is missing or wrong'
      : 'this is not a private key in PEM',
    isSealed
      ? 'Give its passphrase.'
      : 'Give the text that begins with -----BEGIN PRIVATE KEY-----.',
  );
}

function checkAuthorities(value: unknown, problems: Problems): readonly string[] | undefined {
  const field = 'tls.certificateAuthorities';
  if (!Array.isArray(value)) {
    problems.add(field, 'this is not a list', 'Give a list of certificates in PEM.');
    return;
  }
  const checked = value.map((one, index) => checkCertificates(`${field}.${index}`, one, problems));
  const authorities = [...new Set(checked.flatMap((chain) => (chain ?? []).map(oneAsPem)))];
  const most = DEFINITION_LIMITS.certificates;
  if (authorities.length > most) {
    problems.add(field, `these are more than ${most} certificates`, 'Name those that are needed.');
  }
  return checked.includes(undefined) || authorities.length > most ? undefined : authorities;
}

/** Checks that a client certificate would be presented to somebody. */
export function checkTlsUsed(
  definition: {
    readonly authType: string;
    readonly sender?: object | null;
    readonly tls?: TlsOf<unknown>;
    readonly url: string | undefined;
  },
  problems: Problems,
): void {
  if (!definition.tls?.clientCertificate) return;
  if (definition.url?.startsWith('http:')) {
    problems.add(
      'tls.clientCertificate',
      'the URL is not https, so no certificate would be presented',
      'Use https, or drop the certificate.',
    );
  }
  // A token endpoint would be shown it all the same.
  if (definition.sender && definition.authType !== 'oauth2') {
    problems.add(
      'tls.clientCertificate',
      'the sender of the webhook carries its requests, so no certificate would be presented',
      'Drop the certificate, or the sender.',
    );
  }
}

/** The certificates in a text in PEM; what else is in it, such as a key, is left out. */
function checkCertificates(
  field: string,
  value: unknown,
  problems: Problems,
): readonly X509Certificate[] | undefined {
  const most = DEFINITION_LIMITS.certificates;
  const texts =
    typeof value === 'string' && value.length <= DEFINITION_LIMITS.certificatesLength
      ? (value.match(CERTIFICATES) ?? [])
      : [];
  try {
    if (texts.length > 0 && texts.length <= most) {
      return texts.map((text) => new X509Certificate(text));
    }
  } catch {
    // Reported below.
  }
  problems.add(
    field,
    `these are not 1 to ${most} certificates in PEM, of at most ${DEFINITION_LIMITS.certificatesLength} characters`,
    'Give the text that begins with -----BEGIN CERTIFICATE-----.',
  );
}

function isUsable(cert: string, key: string): boolean {
  try {
    createSecureContext({ cert, key });
    return true;
  } catch {
    return false;
  }
}

function pemOf(chain: readonly X509Certificate[]): string {
  return chain.map(oneAsPem).join('');
}

function oneAsPem(certificate: X509Certificate): string {
  return `${certificate.toString().trim()}\n`;
}

function refuseOthers(
  field: string,
  value: Readonly<Record<string, unknown>>,
  known: ReadonlySet<string>,
  problems: Problems,
): void {
  for (const name of Object.keys(value).filter((one) => !known.has(one))) {
    problems.add(
      `${field}.${quoted(name).slice(1, -1)}`,
      'there is no such field',
      `The fields are: ${[...known].join(', ')}.`,
    );
  }
}
