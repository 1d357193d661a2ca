import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { z } from 'zod';
import { PUBLIC_EXTENSION, SCOPES_EXTENSION } from '../access/access.decorators.js';
import { SERVICE_SCOPES } from '../access/scopes.js';
import { ERROR_CODES, type ErrorCode } from '../kernel/error-codes.js';
import { problemResponses } from './api-problems.js';
import { OAuthErrorDto, ProblemDto } from './problem.dto.js';

/** Names of the padlock's two schemes. */
const BEARER = 'bearer';
const PASSWORD = 'password';

const METHODS = ['get', 'put', 'post', 'delete', 'patch'] as const;
type Operation = NonNullable<OpenAPIObject['paths'][string]['get']> & Record<`x-${string}`, unknown>;

const TOKEN_CODES = (Object.keys(ERROR_CODES) as ErrorCode[]).filter(
  (code) => code === 'token_missing' || ERROR_CODES[code].bearer !== undefined,
);

/**
 * The OpenAPI document. What every route shares is derived here from what the guard reads too: `security` and the
 * answers of the guard stand on exactly the routes that are not public, those of the body on the routes that take one.
 */
export function openApiDocument(app: INestApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setTitle('Latchkey')
    .setDescription(
      'JWT authentication service. Press **Authorize** and log in with a user name and a password, or paste an ' +
        'access token; then try any endpoint. Errors are listed at [/docs/errors](/docs/errors).',
    )
    .setVersion('1')
    .addBearerAuth(
      { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'An access token' },
      BEARER,
    )
    .addOAuth2(
      {
        type: 'oauth2',
        description: 'Logs in from this page. Leave client_id and client_secret empty.',
        flows: {
          password: { tokenUrl: '/oauth/token', refreshUrl: '/oauth/token', scopes: scopeDescriptions() },
        },
      },
      PASSWORD,
    )
    .build();
  const document = SwaggerModule.createDocument(app, config, {
    operationIdFactory: (controller, method) => `${controller.replace(/Controller$/, '')}_${method}`,
  });
  const { schemas } = (document.components ??= {});
  document.components.schemas = {
    ...schemas,
    Problem: schemaOf(ProblemDto),
    OAuthError: schemaOf(OAuthErrorDto),
  };
  for (const [path, item] of Object.entries(document.paths)) {
    for (const method of METHODS) {
      const operation = item[method] as Operation | undefined;
      if (operation) complete(operation, path.startsWith('/oauth/'));
    }
  }
  return document;
}

function complete(operation: Operation, oauth: boolean): void {
  const isPublic = operation[PUBLIC_EXTENSION] === true;
  const scopes = (operation[SCOPES_EXTENSION] ?? []) as string[];
  delete operation[PUBLIC_EXTENSION];
  const codes: ErrorCode[] = [];
  if (!isPublic) {
    operation.security = [{ [BEARER]: scopes }, { [PASSWORD]: scopes }];
    codes.push(...TOKEN_CODES, 'unavailable');
  }
  if (scopes.length > 0) codes.push('insufficient_scope');
  if (operation.requestBody && !oauth) {
    codes.push(
      'malformed_request',
      'validation_failed',
      'unsupported_media_type',
      'payload_too_large',
      'unavailable',
    );
  }
  merge(operation, codes, oauth);
}

/** Adds the answers for codes to those the route documents itself; one status may hold examples of both. */
function merge(operation: Operation, codes: readonly ErrorCode[], oauth: boolean): void {
  const responses = operation.responses as Record<
    string,
    ReturnType<typeof problemResponses>[number] | undefined
  >;
  for (const { status, ...added } of problemResponses([...new Set(codes)], oauth)) {
    const own = responses[status];
    const [type, media] = Object.entries(added.content)[0] ?? [];
    const ownMedia = type === undefined ? undefined : own?.content?.[type];
    if (!own || !ownMedia || !media) {
      responses[status] = { status, ...added };
      delete (responses[status] as { status?: number }).status;
      continue;
    }
    const missing = Object.keys(media.examples).filter((code) => !(code in ownMedia.examples));
    Object.assign(ownMedia.examples, media.examples);
    own.description = [own.description, ...missing.map((code) => describe(code as ErrorCode))].join('; ');
  }
}

function describe(code: ErrorCode): string {
  return `\`${code}\`: ${ERROR_CODES[code].detail}`;
}

function schemaOf(schema: z.ZodType) {
  const { $schema: _, id: __, ...rest } = z.toJSONSchema(schema, { target: 'openapi-3.0' });
  return rest as NonNullable<NonNullable<OpenAPIObject['components']>['schemas']>[string];
}

function scopeDescriptions(): Record<string, string> {
  return Object.fromEntries(
    SERVICE_SCOPES.map((scope) => {
      const [what, how] = scope.split(':');
      return [scope, how === 'read' ? `see ${what}` : `change ${what}`];
    }),
  );
}
