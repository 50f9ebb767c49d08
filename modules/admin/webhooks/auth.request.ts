import { ApiProperty, ApiPropertyOptional, getSchemaPath } from '@nestjs/swagger';
import type { SecretInput } from '../../registry/index.js';

/** OpenAPI schema of a secret in clear, or of a reference to one. */
export const SECRET_SCHEMA = {
  oneOf: [
    { type: 'string' as const },
    {
      type: 'object' as const,
      properties: { ref: { type: 'string' as const, maxLength: 512 } },
      required: ['ref'],
      additionalProperties: false,
    },
  ],
};

const SECRET = {
  ...SECRET_SCHEMA,
  writeOnly: true,
  description:
    'Encrypted; never shown. Or where it is kept, for the `secretResolver` of the application.',
};

class NoAuthRequest {
  @ApiProperty({ enum: ['none'] })
  readonly type!: 'none';
}

class BearerAuthRequest {
  @ApiProperty({ enum: ['bearer'] })
  readonly type!: 'bearer';

  @ApiProperty(SECRET)
  readonly token!: SecretInput;
}

class BasicAuthRequest {
  @ApiProperty({ enum: ['basic'] })
  readonly type!: 'basic';

  @ApiProperty({ maxLength: 1_024, description: 'Without a colon.' })
  readonly username!: string;

  @ApiProperty(SECRET)
  readonly password!: SecretInput;
}

class OAuth2AuthRequest {
  @ApiProperty({ enum: ['oauth2'] })
  readonly type!: 'oauth2';

  @ApiPropertyOptional({ format: 'uri', description: 'The token endpoint; or `issuer`.' })
  readonly tokenUrl?: string;

  @ApiPropertyOptional({
    format: 'uri',
    description: 'Its metadata (OpenID Connect Discovery, RFC 8414) name the token endpoint.',
  })
  readonly issuer?: string;

  @ApiProperty({ maxLength: 1_024 })
  readonly clientId!: string;

  @ApiProperty(SECRET)
  readonly clientSecret!: SecretInput;

  @ApiPropertyOptional({ description: 'Separated by spaces.' })
  readonly scope?: string;

  @ApiPropertyOptional()
  readonly audience?: string;

  @ApiPropertyOptional({ format: 'uri', description: 'RFC 8707.' })
  readonly resource?: string;

  @ApiPropertyOptional({
    enum: ['basic', 'post'],
    description: 'How the client is named. Default: `basic`, or what the metadata ask for.',
  })
  readonly clientAuthentication?: 'basic' | 'post';
}

/** How requests to an endpoint are authorised, one schema for each kind. */
export type AuthRequest = NoAuthRequest | BearerAuthRequest | BasicAuthRequest | OAuth2AuthRequest;

export const AUTH_REQUESTS = [
  NoAuthRequest,
  BearerAuthRequest,
  BasicAuthRequest,
  OAuth2AuthRequest,
] as const;

/** OpenAPI schema of an `AuthRequest`; its classes are `AUTH_REQUESTS`. */
export const AUTH_REQUEST_SCHEMA = {
  oneOf: AUTH_REQUESTS.map((type) => ({ $ref: getSchemaPath(type) })),
  description: 'How requests are authorised. Default: not at all.',
};
