import { ApiProperty } from '@nestjs/swagger';
import type { TlsOf } from '../../registry/index.js';

class ClientCertificateResponse {
  @ApiProperty({ description: 'PEM.' })
  readonly certificate!: string;

  @ApiProperty({ description: 'Masked.' })
  readonly key!: string;
}

/** What is presented to the endpoint, and trusted; the key masked. */
export class TlsResponse {
  @ApiProperty({ type: ClientCertificateResponse, nullable: true })
  readonly clientCertificate!: ClientCertificateResponse | null;

  @ApiProperty({ type: [String], description: 'PEM, one certificate each.' })
  readonly certificateAuthorities!: readonly string[];
}

/** `null`: the webhook has no certificates of its own. */
export function toTlsResponse(tls: TlsOf<unknown> | undefined, mask: string): TlsResponse | null {
  if (!tls) return null;
  const { certificateAuthorities, clientCertificate: client } = tls;
  return {
    clientCertificate: client && { certificate: client.certificate, key: mask },
    certificateAuthorities,
  };
}
