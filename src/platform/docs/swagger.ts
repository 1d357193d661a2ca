import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { SwaggerModule } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { SERVICE_SCOPES } from '../../access/scopes.js';
import { AppError } from '../kernel/app-error.js';
import { openApiDocument } from './openapi.js';
import { padlock } from './padlock.js';

/** The files that the page needs. The others of Swagger UI's package show its version or are large source maps. */
const SERVED: ReadonlySet<string> = new Set(
  [
    '',
    'errors',
    'swagger-ui-init.js',
    'swagger-ui-bundle.js',
    'swagger-ui-standalone-preset.js',
    'swagger-ui.css',
    'favicon-16x16.png',
    'favicon-32x32.png',
  ].map((name) => `/docs/${name}`),
);

const CSS = `
.swagger-ui .topbar { padding: 4px 0; }
.swagger-ui .topbar .link { display: none; }
.swagger-ui .topbar-wrapper { justify-content: flex-end; }
.swagger-ui .dialog-ux .modal-ux-content { max-height: 80vh; }
.swagger-ui .auth-container .scopes { columns: 2; }
.swagger-ui .auth-container .scopes h2 { column-span: all; }
.swagger-ui .auth-container .scopes .checkbox { break-inside: avoid; }
.swagger-ui .response-col_description .renderedMarkdown :is(ul, li) { margin: 0; }
`;

/**
 * Serves Swagger UI at /docs from the installed package, and the document at /docs-json and /docs-yaml.
 * @param basePath the path of the issuer, see basePathOf
 */
export function serveDocs(app: NestFastifyApplication, basePath: string): void {
  app.getHttpAdapter().getInstance().addHook('onRequest', refuseOtherFiles);
  SwaggerModule.setup('docs', app, openApiDocument(app, basePath), {
    customSiteTitle: 'Latchkey API',
    customCss: CSS,
    jsonDocumentUrl: 'docs-json',
    yamlDocumentUrl: 'docs-yaml',
    // The page calls this service, so it asks for tokens for this service.
    swaggerOptions: {
      initOAuth: { scopes: [...SERVICE_SCOPES] },
      // Keeps the authorization over a reload, in the browser's local storage.
      persistAuthorization: true,
      plugins: [forgetSecrets, padlock],
      tryItOutEnabled: true,
      displayRequestDuration: true,
      validatorUrl: null,
      // Operations start closed, because their lists of error examples are long.
      docExpansion: 'list',
      defaultModelsExpandDepth: 0,
    },
  });
}

function refuseOtherFiles(request: FastifyRequest, _: FastifyReply, done: (error?: Error) => void): void {
  const [path = ''] = request.url.split('?', 1);
  done(path.startsWith('/docs/') && !SERVED.has(path) ? new AppError('not_found') : undefined);
}

interface Authorization {
  readonly auth: object;
  readonly token: { readonly access_token?: string | undefined; readonly token_type?: string | undefined };
}

declare const localStorage: {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
};

/**
 * A plugin of Swagger UI, which would also store the password, the refresh token and a client's secret in local storage.
 * The page needs neither of the first two again, and the secret only until the page is left. The function's source is sent
 * to the browser, so it must not use names from outside.
 */
function forgetSecrets() {
  return {
    statePlugins: {
      auth: {
        wrapActions: {
          authorizeOauth2:
            (authorize: (authorization: Authorization) => unknown) =>
            ({ auth, token: { access_token, token_type } }: Authorization) =>
              authorize({
                auth: { ...auth, password: '', clientSecret: '' },
                token: { access_token, token_type },
              }),
          persistAuthorizationIfNeeded: (persist: () => unknown) => () => {
            persist();
            const { client: _, ...kept } = JSON.parse(localStorage.getItem('authorized') ?? '{}') as {
              client?: unknown;
            };
            localStorage.setItem('authorized', JSON.stringify(kept));
          },
        },
      },
    },
  };
}
