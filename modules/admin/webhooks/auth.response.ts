import { ApiProperty } from '@nestjs/swagger';
import type { AuthOf } from '../../registry/index.js';

const MASKED = { required: false, description: 'Masked.' } as const;

/** How requests are authorised, secrets masked. */
export class AuthResponse {
  @ApiProperty({ enum: ['none', 'bearer', 'basic'] })
  readonly type!: AuthOf<unknown>['type'];

  @ApiProperty(MASKED)
  readonly token?: string;

  @ApiProperty({ required: false })
  readonly username?: string;

  @ApiProperty(MASKED)
  readonly password?: string;
}

/** Fields are copied by name, so what a later release records is not shown before somebody decided that it may be. */
export function toAuthResponse(auth: AuthOf<unknown>, mask: string): AuthResponse {
  switch (auth.type) {
    case 'bearer':
      return { type: auth.type, token: mask };
    case 'basic':
      return { type: auth.type, username: auth.username, password: mask };
    case 'none':
    default:
      return { type: auth.type };
  }
}
