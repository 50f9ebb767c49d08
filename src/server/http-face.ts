import { isUtf8 } from 'node:buffer';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Logger } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { API_PREFIX, ProblemFilter, setUpApiDocs } from '../../modules/admin/index.js';
import { ERROR_REGISTRY, PosthornError } from '../../modules/kernel/index.js';

/** What a browser is told about every answer. The API documentation needs its own scripts and styles. */
const SAFE_HEADERS: Readonly<Record<string, string>> = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
};

const JSON_TYPE = /^application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i;

type Next = (error?: unknown) => void;

/**
 * Makes a Nest application the HTTP server of Posthorn: JSON in UTF-8 only, bodies of bounded size, every error a problem,
 * safe headers, and the API documentation. Call it before `listen`, on an application created with `bodyParser: false` and
 * `rawBody: true`.
 */
export function setUpHttpFace(app: NestExpressApplication, maxBodyBytes: number): void {
  app.disable('x-powered-by');
  app.set('query parser', 'simple');
  app.set('etag', false);
  app.use(setSafeHeaders);
  app.use(logRequest);
  app.use(answerHealthAtRoot);
  app.use(refuseOtherMediaTypes);
  app.useBodyParser('json', {
    limit: maxBodyBytes,
    type: (request: IncomingMessage) => JSON_TYPE.test(request.headers['content-type'] ?? ''),
  });
  app.use(refuseInvalidUtf8);
  app.useGlobalFilters(new ProblemFilter(app.get(HttpAdapterHost)));
  setUpApiDocs(app);
  const server = app.getHttpServer();
  server.on('clientError', answerClientError);
}

function setSafeHeaders(_request: IncomingMessage, response: ServerResponse, next: Next): void {
  for (const [name, value] of Object.entries(SAFE_HEADERS)) response.setHeader(name, value);
  next();
}

const requests = new Logger('Http');

function logRequest(request: IncomingMessage, response: ServerResponse, next: Next): void {
  const startedAt = performance.now();
  response.once('close', () => {
    requests.debug({
      message: 'request',
      method: request.method,
      // The query may hold what an operator searched for; the path is enough to follow a request.
      path: request.url?.split('?', 1)[0]?.slice(0, 200),
      status: response.statusCode,
      durationMs: Math.round(performance.now() - startedAt),
    });
  });
  next();
}

/** Health is also where whoever runs containers looks for it: at `/health/live` and `/health/ready`. */
function answerHealthAtRoot(request: IncomingMessage, _response: unknown, next: Next): void {
  if (/^\/health\/(?:live|ready)(?:$|\?)/.test(request.url ?? '')) {
    request.url = `/${API_PREFIX}${request.url ?? ''}`;
  }
  next();
}

function refuseOtherMediaTypes(request: IncomingMessage, _response: unknown, next: Next): void {
  const hasBody =
    request.headers['transfer-encoding'] !== undefined ||
    Number(request.headers['content-length'] ?? 0) > 0;
  const isJson = JSON_TYPE.test(request.headers['content-type'] ?? '');
  next(hasBody && !isJson ? new PosthornError('PSH_API_UNSUPPORTED_MEDIA_TYPE') : undefined);
}

/** The decoder puts replacement characters in place of what it cannot read, and the event would be altered. */
function refuseInvalidUtf8(
  request: IncomingMessage & { readonly rawBody?: Buffer },
  _response: unknown,
  next: Next,
): void {
  const isBroken = request.rawBody !== undefined && !isUtf8(request.rawBody);
  next(isBroken ? new PosthornError('PSH_API_MALFORMED_BODY') : undefined);
}

/** Answers what never becomes a request: broken HTTP, and headers larger than Node reads. */
function answerClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const isOverflow = error.code === 'HPE_HEADER_OVERFLOW';
  const { title, fix } = ERROR_REGISTRY.PSH_API_BAD_REQUEST;
  const body = JSON.stringify({
    type: 'urn:posthorn:error:PSH_API_BAD_REQUEST',
    title,
    status: isOverflow ? 431 : 400,
    detail: isOverflow ? 'The headers are larger than the server reads.' : title,
    code: 'PSH_API_BAD_REQUEST',
    fix,
  });
  socket.end(
    [
      `HTTP/1.1 ${isOverflow ? '431 Request Header Fields Too Large' : '400 Bad Request'}`,
      'Content-Type: application/problem+json; charset=utf-8',
      `Content-Length: ${String(Buffer.byteLength(body))}`,
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
  );
}
