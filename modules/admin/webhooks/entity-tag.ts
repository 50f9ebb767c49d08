import {
  type CallHandler,
  type ExecutionContext,
  Injectable,
  type NestInterceptor,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { type Observable, tap } from 'rxjs';
import { invalidInput } from '../validation/request.pipe.js';

/** Answers with the revision of a webhook as its `ETag` (RFC 9110, 8.8.3). */
@Injectable()
export class EntityTagInterceptor implements NestInterceptor<{ readonly revision: string }> {
  readonly #adapterHost: HttpAdapterHost;

  constructor(adapterHost: HttpAdapterHost) {
    this.#adapterHost = adapterHost;
  }

  intercept(
    context: ExecutionContext,
    next: CallHandler<{ readonly revision: string }>,
  ): Observable<{ readonly revision: string }> {
    const response: unknown = context.switchToHttp().getResponse();
    return next.handle().pipe(
      tap(({ revision }) => {
        this.#adapterHost.httpAdapter.setHeader(response, 'ETag', `"${revision}"`);
      }),
    );
  }
}

/**
 * The revision that an `If-Match` header asks for; `undefined` for none, or for `*`.
 *
 * @throws PosthornError `PSH_API_INVALID_INPUT` for anything but one strong entity tag that was given out
 */
export function expectedRevisionOf(ifMatch: string | undefined): bigint | undefined {
  if (ifMatch === undefined || ifMatch.trim() === '*') return undefined;
  const revision = /^"(\d{1,19})"$/.exec(ifMatch.trim())?.[1];
  if (revision !== undefined) return BigInt(revision);
  throw invalidInput([
    {
      field: 'If-Match',
      message: 'must be one `ETag` of this webhook, or `*`',
      fix: 'Send the `ETag` of the last answer as it is, with its quotes.',
    },
  ]);
}
