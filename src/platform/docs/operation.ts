import type { OpenAPIObject } from '@nestjs/swagger';
import {
  BEFORE_PASSWORD_CHANGE_EXTENSION,
  CLIENT_EXTENSION,
  PUBLIC_EXTENSION,
  SCOPES_EXTENSION,
  USERS_EXTENSION,
} from '../../access/access.decorators.js';
import { ERROR_CODES, type ErrorCode } from '../kernel/error-codes.js';
import { ERRORS_EXTENSION, problemResponses, type SampleField } from './api-problems.js';

/** Names of the security schemes: two for users, one for clients. */
export const BEARER = 'bearer';
export const PASSWORD = 'password';
export const CLIENT = 'client';

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']> & Record<`x-${string}`, unknown>;
type Parameter = Extract<NonNullable<Operation['parameters']>[number], { name: string }>;
type Response = Exclude<Operation['responses'][string], { $ref: string } | undefined>;
interface ObjectSchema {
  readonly properties?: object;
  readonly required?: readonly string[];
}
type Schemas = Readonly<Record<string, ObjectSchema>>;

const METHODS = ['get', 'put', 'post', 'delete', 'patch'] as const;

const TOKEN_CODES = (Object.keys(ERROR_CODES) as ErrorCode[]).filter(
  (code) => code === 'token_missing' || ERROR_CODES[code].bearer !== undefined,
);

const PAGE_HEADERS = {
  'X-Total-Count': { description: 'The number of items in all pages', schema: { type: 'integer' as const } },
  Link: { description: 'RFC 8288: `first`, `prev` and `next` page', schema: { type: 'string' as const } },
};

/** Adds to every operation of a document the security, errors and headers that all routes of its kind share. */
export function completeOperations({ paths, components }: OpenAPIObject, basePath: string): void {
  for (const [path, item] of Object.entries(paths)) {
    for (const method of METHODS) {
      const operation = item[method] as Operation | undefined;
      if (operation) complete(operation, { path, basePath, schemas: (components?.schemas ?? {}) as Schemas });
    }
  }
}

interface Surroundings {
  readonly path: string;
  readonly basePath: string;
  readonly schemas: Schemas;
}

function complete(operation: Operation, { path, basePath, schemas }: Surroundings): void {
  const scopes = (operation[SCOPES_EXTENSION] ?? []) as string[];
  const isPublic = operation[PUBLIC_EXTENSION] === true;
  const codes = errorCodes(operation, isPublic, scopes);
  if (!isPublic) {
    // OpenAPI 3.0 allows scopes only for OAuth2; the extension names them for the bearer scheme.
    operation.security = [{ [PASSWORD]: scopes }, { [BEARER]: [] }];
    const needs = scopes.map((scope) => `\`${scope}\``).join(' ');
    if (needs)
      operation.description = [operation.description, `Scope: ${needs}`].filter(Boolean).join('\n\n');
  } else operation.security = [];
  const client = operation[CLIENT_EXTENSION];
  if (client !== undefined) operation.security = [{ [CLIENT]: [] }, ...(client === 'optional' ? [{}] : [])];
  for (const parameter of parametersOf(operation)) completeParameter(parameter);
  // SchemaPipe reads an absent body as an empty object.
  if (operation.requestBody && 'required' in operation.requestBody)
    operation.requestBody.required = (schemas[bodyOf(operation)?.schema ?? '']?.required ?? []).length > 0;
  if (isPaged(operation)) Object.assign(successOf(operation), { headers: PAGE_HEADERS });
  Object.assign(
    operation.responses,
    problemResponses(codes, {
      oauth: path.startsWith('/oauth/'),
      basePath,
      sample: sampleField(operation, schemas),
    }),
  );
  delete operation[PUBLIC_EXTENSION];
  delete operation[BEFORE_PASSWORD_CHANGE_EXTENSION];
  delete operation[USERS_EXTENSION];
  delete operation[CLIENT_EXTENSION];
  delete operation[ERRORS_EXTENSION];
}

/** The operation's own codes, those of the guard on routes that are not public, and those of a body on routes with one. */
function errorCodes(operation: Operation, isPublic: boolean, scopes: readonly string[]): ErrorCode[] {
  const codes: ErrorCode[] = [];
  if (!isPublic) codes.push(...TOKEN_CODES, 'unavailable');
  if (!isPublic && operation[BEFORE_PASSWORD_CHANGE_EXTENSION] !== true)
    codes.push('password_change_required');
  codes.push(...((operation[ERRORS_EXTENSION] ?? []) as ErrorCode[]));
  if (operation[USERS_EXTENSION] === true) codes.push('user_required');
  if (scopes.length > 0) codes.push('insufficient_scope');
  if (operation.requestBody) {
    codes.push('validation_failed', 'unsupported_media_type', 'payload_too_large', 'unavailable');
    if (bodyOf(operation)?.type === 'application/json') codes.push('malformed_request');
  }
  return codes;
}

function completeParameter(parameter: Parameter): void {
  const isNamed = parameter.schema !== undefined && 'pattern' in parameter.schema;
  if (parameter.in === 'path' && /^s?id$/.test(parameter.name) && !isNamed) {
    parameter.schema = { type: 'string', format: 'uuid' };
  }
  // The parameter itself has the same description.
  if (parameter.schema && 'description' in parameter.schema) delete parameter.schema.description;
}

function isPaged(operation: Operation): boolean {
  const names = parametersOf(operation).map(({ name }) => name);
  return names.includes('limit') && names.includes('offset');
}

/** A field of the operation, for the example of its `validation_failed`. */
function sampleField(operation: Operation, schemas: Schemas): SampleField | undefined {
  const schema = schemas[bodyOf(operation)?.schema ?? ''];
  const [required] = schema?.required ?? [];
  if (required !== undefined) return { field: required, code: 'required' };
  const [field] = [
    ...Object.keys(schema?.properties ?? {}),
    ...parametersOf(operation).map(({ name }) => name),
  ];
  return field === undefined ? undefined : { field, code: 'invalid_format' };
}

function bodyOf({ requestBody }: Operation): { type: string; schema: string } | undefined {
  if (!requestBody || !('content' in requestBody)) return undefined;
  const [first] = Object.entries(requestBody.content);
  if (!first) return undefined;
  const [type, { schema }] = first;
  const name = schema && '$ref' in schema ? schema.$ref.split('/').at(-1) : undefined;
  return { type, schema: name ?? '' };
}

function parametersOf(operation: Operation): Parameter[] {
  return (operation.parameters ?? []).filter((parameter) => 'name' in parameter);
}

function successOf({ responses }: Operation): Response {
  const status = Object.keys(responses).find((key) => key.startsWith('2')) ?? '200';
  return responses[status] as Response;
}
