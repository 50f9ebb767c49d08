import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';

const PEM = '-----BEGIN CERTIFICATE-----\n...';

class ClientCertificateRequest {
  @ApiProperty({ example: PEM, description: 'PEM, with the chain up to its authority after it.' })
  readonly certificate!: string;

  @ApiProperty({ writeOnly: true, description: 'PEM. Encrypted; never shown.' })
  readonly key!: string;

  @ApiPropertyOptional({ writeOnly: true, description: 'Of the key, where it is encrypted.' })
  readonly passphrase?: string;
}

/** What is presented to the endpoint, and trusted, beside what all requests share. */
export class TlsRequest {
  @ApiPropertyOptional({ type: ClientCertificateRequest, nullable: true, description: 'For mTLS.' })
  readonly clientCertificate?: ClientCertificateRequest | null;

  @ApiPropertyOptional({
    type: [String],
    nullable: true,
    example: [PEM],
    description: 'PEM; 20 certificates in all.',
  })
  readonly certificateAuthorities?: readonly string[] | null;
}
