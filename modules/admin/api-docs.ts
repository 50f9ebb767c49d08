import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';

/** Where the documentation of the REST face is; the document itself is at the same path with `-json`. */
export const API_DOCS_PATH = 'api/docs';

/** The OpenAPI document of the REST face. */
export function apiDocument(app: INestApplication): OpenAPIObject {
  const description = new DocumentBuilder()
    .setTitle('Posthorn')
    .setDescription(
      'Webhooks on an event store. Revisions and positions are strings; times are ISO 8601 in UTC; errors are problems (RFC 9457) with a stable code.',
    )
    .setVersion('1')
    .addBearerAuth()
    .build();
  return SwaggerModule.createDocument(app, description);
}

/** Serves the API documentation: a page at `/api/docs`, the document at `/api/docs-json`. */
export function setUpApiDocs(app: INestApplication): void {
  SwaggerModule.setup(API_DOCS_PATH, app, () => apiDocument(app), {
    jsonDocumentUrl: `${API_DOCS_PATH}-json`,
    raw: ['json'],
    customSiteTitle: 'Posthorn API',
  });
}
