import {
  type ArgumentsHost,
  Catch,
  type ExceptionFilter,
  Injectable,
  Logger,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { toProblem } from './problem.js';

/** Answers every error as `application/problem+json`. Only what is a fault of the server is logged, with its cause. */
@Injectable()
@Catch()
export class ProblemFilter implements ExceptionFilter {
  readonly #logger = new Logger('Api');
  readonly #adapterHost: HttpAdapterHost;

  constructor(adapterHost: HttpAdapterHost) {
    this.#adapterHost = adapterHost;
  }

  catch(error: unknown, host: ArgumentsHost): void {
    const { httpAdapter } = this.#adapterHost;
    const response: unknown = host.switchToHttp().getResponse();
    const problem = toProblem(error);
    if (problem.status >= 500) this.#logger.error(error);
    if (httpAdapter.isHeadersSent(response)) {
      httpAdapter.end(response);
      return;
    }
    httpAdapter.setHeader(response, 'Content-Type', 'application/problem+json; charset=utf-8');
    if (problem.status === 401) {
      httpAdapter.setHeader(response, 'WWW-Authenticate', 'Bearer realm="posthorn"');
    }
    httpAdapter.reply(response, problem, problem.status);
  }
}
