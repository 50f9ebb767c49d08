import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';
import { createSecureContext, type SecureContext, connect as openTls } from 'node:tls';
import { SendFailure, sendFailureOf } from '../send-failure.js';
import { settled } from './settled.js';

/** What a TLS client presents and trusts, as PEM. */
export interface TlsMaterial {
  /** Certificates to trust beside Node's own root certificates. @default none */
  readonly certificateAuthorities?: readonly string[];
  /** Certificate of the client, with the chain up to its authority. @default none */
  readonly clientCertificate?: string;
  /** Private key of the client's certificate. @default none */
  readonly clientKey?: string;
}

/** A host as TLS sees it. */
export interface TlsHost {
  readonly hostname: string;
  readonly isLiteral: boolean;
}

/**
 * A secure context of TLS 1.2 or later, whatever the flags and the environment of the process say. Without authorities it
 * trusts what Node trusts, NODE_EXTRA_CA_CERTS included; with some, them and Node's own root certificates.
 *
 * @throws an error of Node's when the material is malformed, or a key does not belong to its certificate
 */
export function secureContextOf(material: TlsMaterial = {}): SecureContext {
  const { certificateAuthorities = [], clientCertificate, clientKey } = material;
  const secureContext = createSecureContext({
    minVersion: 'TLSv1.2',
    ...(clientCertificate !== undefined && { cert: clientCertificate }),
    ...(clientKey !== undefined && { key: clientKey }),
  });
  // Measured: given as `ca`, together with Node's own, they cost 50 ms and 1 MiB for each context; added, 1 ms and 5 KiB.
  const { context } = secureContext as { readonly context: NativeContext };
  for (const authority of certificateAuthorities) context.addCACert(authority);
  return secureContext;
}

/** What `createSecureContext` works with: @types/node says `any`, Node itself does not document it. */
interface NativeContext {
  addCACert(certificate: string): void;
}

/**
 * TLS material of one webhook, in place of what all others use: a client certificate (mTLS), an authority of its own.
 * Connections are never shared between two identities.
 */
export class TlsIdentity {
  /** Tells identities apart: equal material, equal id. */
  readonly id: string;
  readonly secureContext: SecureContext;

  /** @throws an error of Node's when the material is malformed, or a key does not belong to its certificate */
  constructor(material: TlsMaterial) {
    const { certificateAuthorities = [], clientCertificate, clientKey } = material;
    this.id = createHash('sha256')
      .update(JSON.stringify([certificateAuthorities, clientCertificate, clientKey]))
      .digest('base64url');
    this.secureContext = secureContextOf(material);
  }
}

/**
 * The TLS handshake over a connected socket: the name decides SNI and the certificate check, and HTTP/1.1 is all that is
 * offered.
 *
 * @param signal ends it; its reason is thrown
 * @throws SendFailure `tls_error`, or the class of the socket's error
 */
export async function secured(
  socket: Socket,
  { hostname, isLiteral }: TlsHost,
  secureContext: SecureContext,
  signal: AbortSignal,
): Promise<Socket> {
  const tlsSocket = openTls({
    socket,
    host: hostname,
    // RFC 6066: SNI carries a name without its trailing dot, and never an address.
    servername: isLiteral ? '' : hostname.replace(/\.$/, ''),
    secureContext,
    ALPNProtocols: ['http/1.1'],
    // Set, so that NODE_TLS_REJECT_UNAUTHORIZED=0 cannot switch it off.
    rejectUnauthorized: true,
  });
  try {
    await settled(tlsSocket, 'secureConnect', signal);
    return tlsSocket;
  } catch (error) {
    const failure = sendFailureOf(error);
    if (failure.errorClass !== 'unknown') throw failure;
    throw new SendFailure('tls_error', failure.message, { cause: error });
  }
}
