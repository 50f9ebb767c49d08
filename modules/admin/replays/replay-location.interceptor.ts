import {
  type CallHandler,
  type ExecutionContext,
  Injectable,
  type NestInterceptor,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { type Observable, tap } from 'rxjs';
import { API_PREFIX } from '../api-controller.decorator.js';

/** What a call that starts a replay answers with: a replay, or what names one. */
type Started = { readonly id: string } | { readonly replayId: string };

/** Answers with the path at which the replay that was started is shown, as `Location` (RFC 9110, 10.2.2). */
@Injectable()
export class ReplayLocationInterceptor implements NestInterceptor<Started> {
  readonly #adapterHost: HttpAdapterHost;

  constructor(adapterHost: HttpAdapterHost) {
    this.#adapterHost = adapterHost;
  }

  intercept(context: ExecutionContext, next: CallHandler<Started>): Observable<Started> {
    const response: unknown = context.switchToHttp().getResponse();
    return next.handle().pipe(
      tap((started) => {
        const id = 'id' in started ? started.id : started.replayId;
        const path = `/${API_PREFIX}/replays/${encodeURIComponent(id)}`;
        this.#adapterHost.httpAdapter.setHeader(response, 'Location', path);
      }),
    );
  }
}
