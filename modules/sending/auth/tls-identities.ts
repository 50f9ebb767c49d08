import { TlsIdentity } from '../network/tls.js';
import { SendFailure } from '../send-failure.js';
import type { RequestTls } from '../sender.js';

/** The TLS identities of webhooks with certificates of their own: each is made once for the object that names them. */
export class TlsIdentities {
  readonly #known = new WeakMap<RequestTls, TlsIdentity>();

  /** @throws SendFailure `invalid_request` when the certificates cannot be used */
  of(tls: RequestTls): TlsIdentity {
    let identity = this.#known.get(tls);
    if (!identity) {
      identity = identityOf(tls);
      this.#known.set(tls, identity);
    }
    return identity;
  }
}

function identityOf({ certificateAuthorities, clientCertificate }: RequestTls): TlsIdentity {
  try {
    return new TlsIdentity({
      certificateAuthorities,
      ...(clientCertificate && {
        clientCertificate: clientCertificate.certificate,
        clientKey: clientCertificate.key,
      }),
    });
  } catch {
    // What OpenSSL says is dropped: it may quote what it was given.
    throw new SendFailure('invalid_request', 'the certificates of the webhook cannot be used');
  }
}
