import { applyDecorators, Controller, UseFilters, UseGuards, UsePipes } from '@nestjs/common';
import { ApiBearerAuth, ApiDefaultResponse, ApiTags } from '@nestjs/swagger';
import { BearerTokenGuard } from './auth/bearer-token.guard.js';
import { ProblemFilter } from './problems/problem.filter.js';
import { ProblemResponse } from './problems/problem.response.js';
import { RequestPipe } from './validation/request.pipe.js';

/** Where every route of the REST face begins. */
export const API_PREFIX = 'api/v1';

/**
 * A controller of the REST face: under its prefix, behind the token, its input validated and its errors as problems. The
 * host application's own pipes, filters and guards are left alone.
 */
export function ApiController(path: string, tag: string): ClassDecorator {
  return applyDecorators(
    OpenApiController(path, tag),
    UseGuards(BearerTokenGuard),
    ApiBearerAuth(),
  );
}

/** As `ApiController`, for routes that need no token. */
export function OpenApiController(path: string, tag: string): ClassDecorator {
  return applyDecorators(
    Controller(`${API_PREFIX}/${path}`),
    UseFilters(ProblemFilter),
    UsePipes(RequestPipe),
    ApiTags(tag),
    ApiDefaultResponse({ type: ProblemResponse, description: 'What went wrong.' }),
  );
}
