import { ApiProperty } from '@nestjs/swagger';
import type { AuthOf } from '../../registry/index.js';

const MASKED = { required: false, description: 'Masked.' } as const;

/** How requests are authorised, secrets masked. */
export class AuthResponse {
  @ApiProperty({ enum: ['none', 'bearer', 'basic', 'oauth2', 'resolver'] })
  readonly type!: AuthOf<unknown>['type'];

  @ApiProperty(MASKED)
  readonly token?: string;

  @ApiProperty({ required: false })
  readonly username?: string;

  @ApiProperty(MASKED)
  readonly password?: string;

  @ApiProperty({ required: false })
  readonly tokenUrl?: string;

  @ApiProperty({ required: false })
  readonly issuer?: string;

  @ApiProperty({ required: false })
  readonly clientId?: string;

  @ApiProperty(MASKED)
  readonly clientSecret?: string;

  @ApiProperty({ required: false })
  readonly scope?: string;

  @ApiProperty({ required: false })
  readonly audience?: string;

  @ApiProperty({ required: false })
  readonly resource?: string;

  @ApiProperty({ required: false, enum: ['basic', 'post'] })
  readonly clientAuthentication?: 'basic' | 'post';
}

/** What of an OAuth 2 client is no secret; what is not there is left out of the JSON. */
const OAUTH2_SHOWN = [
  ...(['tokenUrl', 'issuer', 'clientId', 'scope', 'audience', 'resource'] as const),
  'clientAuthentication',
] as const;

/** Fields are copied by name, so what a later release records is not shown before somebody decided that it may be. */
export function toAuthResponse(auth: AuthOf<unknown>, mask: string): AuthResponse {
  switch (auth.type) {
    case 'bearer':
      return { type: auth.type, token: mask };
    case 'basic':
      return { type: auth.type, username: auth.username, password: mask };
    case 'oauth2':
      return {
        type: auth.type,
        ...Object.fromEntries(OAUTH2_SHOWN.map((name) => [name, auth[name]])),
        clientSecret: mask,
      };
    case 'resolver':
    case 'none':
    default:
      return { type: auth.type };
  }
}
