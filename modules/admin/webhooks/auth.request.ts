import { ApiProperty, getSchemaPath } from '@nestjs/swagger';

class NoAuthRequest {
  @ApiProperty({ enum: ['none'] })
  readonly type!: 'none';
}

class BearerAuthRequest {
  @ApiProperty({ enum: ['bearer'] })
  readonly type!: 'bearer';

  @ApiProperty({ writeOnly: true, description: 'Encrypted; never shown.' })
  readonly token!: string;
}

class BasicAuthRequest {
  @ApiProperty({ enum: ['basic'] })
  readonly type!: 'basic';

  @ApiProperty({ maxLength: 1_024, description: 'Without a colon.' })
  readonly username!: string;

  @ApiProperty({ writeOnly: true, maxLength: 1_024, description: 'Encrypted; never shown.' })
  readonly password!: string;
}

/** How requests to an endpoint are authorised, one schema for each kind. */
export type AuthRequest = NoAuthRequest | BearerAuthRequest | BasicAuthRequest;

export const AUTH_REQUESTS = [NoAuthRequest, BearerAuthRequest, BasicAuthRequest] as const;

/** OpenAPI schema of an `AuthRequest`; its classes are `AUTH_REQUESTS`. */
export const AUTH_REQUEST_SCHEMA = {
  oneOf: AUTH_REQUESTS.map((type) => ({ $ref: getSchemaPath(type) })),
  description: 'How requests are authorised. Default: not at all.',
};
