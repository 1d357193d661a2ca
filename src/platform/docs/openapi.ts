import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { z } from 'zod';
import { SERVICE_SCOPES, type ServiceScope } from '../../access/scopes.js';
import { BEARER, CLIENT, completeOperations, PASSWORD } from './operation.js';
import { OAuthErrorDto, ProblemDto } from './problem.dto.js';
import { toOpenApiSchema } from './schema.js';

const introduction = (basePath: string) => `Accounts, logins and JWT access tokens for your services.

Try it from this page, where every example works unchanged:

1. Create an account: \`POST /auth/register\`.
2. Press **Authorize** and log in under *password* with its user name and password, or paste an access token under
*bearer*. The page stays authorized after a reload, until the access token expires.
3. Ask for your profile: \`GET /users/me\`.

Errors are \`application/problem+json\` (RFC 9457); their codes are listed at [/docs/errors](${basePath}/docs/errors). Every
answer has an \`X-Request-Id\`, which leads to its lines in the log.`;

/** Tags in the order of the page. */
const TAGS: ReadonlyArray<readonly [name: string, description: string]> = [
  ['auth', 'Register, log in, refresh and log out'],
  ['profile', 'The account of the person who asks'],
  ['sessions', 'Where the person who asks is logged in'],
  [
    'oauth',
    'The same logins for OAuth 2.0 clients, and tokens for services; errors as in RFC 6749 section 5.2',
  ],
  ['administration', 'Accounts of other people; needs a scope'],
  ['discovery', 'What services that trust these tokens need to know'],
  ['health', 'For balancers and orchestrators'],
];

const SCOPES: Readonly<Record<ServiceScope, string>> = {
  'users:read': 'See all users',
  'users:write': 'Create, change and delete users',
  'sessions:read': 'See the sessions of any user',
  'sessions:write': 'End the sessions of any user',
  'roles:read': 'See roles',
  'roles:write': 'Change and delete roles',
  'clients:read': 'See clients',
  'clients:write': 'Create and delete clients, and give them secrets',
  'keys:read': 'See signing keys',
  'keys:write': 'Rotate signing keys',
  'revocations:read': 'Follow revocations',
  'revocations:write': 'Revoke tokens',
  'audit:read': 'Read the audit log',
};

/**
 * The OpenAPI document. `security` and the errors of the guard come from the decorators that the guard reads, so exactly
 * the routes that are not public have them; see operation.ts.
 * @param basePath the path of the issuer, with which paths begin
 */
export function openApiDocument(app: INestApplication, basePath: string): OpenAPIObject {
  const { info, ...rest } = configuration(basePath);
  const { contact: _, ...facts } = info;
  const document = SwaggerModule.createDocument(
    app,
    { ...rest, info: facts },
    {
      operationIdFactory: operationId,
      standardSchemaConverter: (schema, { schemaType }) =>
        schema instanceof z.ZodType ? toOpenApiSchema(schema, schemaType) : undefined,
    },
  );
  document.components = {
    ...document.components,
    schemas: {
      ...document.components?.schemas,
      Problem: componentOf(ProblemDto),
      OAuthError: componentOf(OAuthErrorDto),
    },
  };
  completeOperations(document, basePath);
  return document;
}

/**
 * `authLogin` for `AuthController.login`. It has no underscores, which Swagger UI's links turn into spaces. The packed
 * build appends a number to the name of a decorated class; it is removed, so that generated clients keep their names.
 */
function operationId(controller: string, method: string): string {
  const room = controller.replace(/Controller\d*$/, '').replace(/^./, (first) => first.toLowerCase());
  return room === method ? method : room + method.replace(/^./, (first) => first.toUpperCase());
}

function configuration(basePath: string) {
  const builder = new DocumentBuilder()
    .setTitle('Latchkey')
    .setDescription(introduction(basePath))
    .addServer(basePath === '' ? '/' : basePath)
    .setVersion('1')
    .addOAuth2(
      {
        type: 'oauth2',
        description:
          'Logs in to this service from this page: `username` is an e-mail address or a user name. Leave `client_id` and ' +
          '`client_secret` empty. The scopes are those of this service; you get those of them that you have.',
        flows: {
          // A path, so that it is correct behind any host name and proxy.
          password: {
            tokenUrl: `${basePath}/oauth/token`,
            refreshUrl: `${basePath}/oauth/token`,
            scopes: Object.fromEntries(SERVICE_SCOPES.map((scope) => [scope, SCOPES[scope]])),
          },
        },
      },
      PASSWORD,
    )
    .addBearerAuth(
      {
        type: 'http',
        scheme: 'bearer',
        bearerFormat: 'JWT',
        description: 'Paste an access token, without the word Bearer.',
      },
      BEARER,
    )
    .addBasicAuth(
      {
        type: 'http',
        scheme: 'basic',
        description: 'For services: the id and the secret of a client. People need neither.',
      },
      CLIENT,
    );
  for (const [name, description] of TAGS) builder.addTag(name, description);
  return builder.build();
}

function componentOf(schema: z.ZodType) {
  return toOpenApiSchema(schema, 'output').schema as NonNullable<
    NonNullable<OpenAPIObject['components']>['schemas']
  >[string];
}
