import { applyDecorators, createParamDecorator, SetMetadata, type ExecutionContext } from '@nestjs/common';
import { ApiExtension } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import type { Principal } from './principal.js';
import type { ServiceScope } from './scopes.js';

export const IS_PUBLIC = 'latchkey:public';
export const REQUIRED_SCOPES = 'latchkey:scopes';

/** OpenAPI extensions from which the document derives each operation's `security`; see docs/openapi.ts. */
export const PUBLIC_EXTENSION = 'x-latchkey-public';
export const SCOPES_EXTENSION = 'x-required-scopes';

type RouteDecorator = MethodDecorator & ClassDecorator;

/** Opens a route to everyone. Without it a route is closed: the guard asks for an access token. */
export function Public(): RouteDecorator {
  return applyDecorators(SetMetadata(IS_PUBLIC, true), ApiExtension(PUBLIC_EXTENSION, true));
}

/** Closes a route to principals that lack one of the scopes; the guard and the OpenAPI document both read it. */
export function RequireScopes(...scopes: [ServiceScope, ...ServiceScope[]]): RouteDecorator {
  return applyDecorators(SetMetadata(REQUIRED_SCOPES, scopes), ApiExtension(SCOPES_EXTENSION, scopes));
}

/** The principal the guard let in. Only for routes that are not public. */
export const CurrentPrincipal = createParamDecorator((_: unknown, context: ExecutionContext): Principal => {
  const { user } = context.switchToHttp().getRequest<FastifyRequest & { user?: Principal }>();
  if (!user) throw new Error('CurrentPrincipal used on a route without a guard');
  return user;
});
