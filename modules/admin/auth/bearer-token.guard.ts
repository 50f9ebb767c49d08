import { createHash, timingSafeEqual } from 'node:crypto';
import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { PosthornError } from '../../kernel/index.js';
import { ADMIN_OPTIONS, type AdminOptions } from '../admin.options.js';

/** Lets a request pass that carries the API token. Compares digests in constant time. */
@Injectable()
export class BearerTokenGuard implements CanActivate {
  readonly #digest: Buffer;

  constructor(@Inject(ADMIN_OPTIONS) options: AdminOptions) {
    this.#digest = digest(options.apiToken);
  }

  /** @throws PosthornError `PSH_API_UNAUTHORIZED` */
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<{ headers: { authorization?: string } }>();
    const token = /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1];
    if (token === undefined || !timingSafeEqual(digest(token), this.#digest)) {
      throw new PosthornError('PSH_API_UNAUTHORIZED');
    }
    return true;
  }
}

function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
