import type { INestApplication } from '@nestjs/common';
import { SwaggerModule } from '@nestjs/swagger';
import { openApiDocument } from './openapi.js';

/** Serves Swagger UI at /docs from our own files, and the document at /docs-json and /docs-yaml. */
export function serveDocs(app: INestApplication): void {
  SwaggerModule.setup('docs', app, openApiDocument(app), {
    customSiteTitle: 'Latchkey API',
    jsonDocumentUrl: 'docs-json',
    yamlDocumentUrl: 'docs-yaml',
    swaggerOptions: {
      // What was typed into the padlock survives a reload, in this browser's local storage.
      persistAuthorization: true,
      tryItOutEnabled: true,
      displayRequestDuration: true,
      validatorUrl: null,
      // Long lists of error examples are better opened one at a time.
      docExpansion: 'list',
      defaultModelsExpandDepth: 0,
    },
  });
}
