import { applyDecorators, createParamDecorator, SetMetadata, type ExecutionContext } from '@nestjs/common';
import { ApiExtension } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import type { Principal, UserPrincipal } from './principal.js';
import type { ServiceScope } from './scopes.js';

export const IS_PUBLIC = 'latchkey:public';
export const REQUIRED_SCOPES = 'latchkey:scopes';
export const USERS_ONLY = 'latchkey:users-only';
export const FOR_APPLICATIONS = 'latchkey:for-applications';
export const BEFORE_PASSWORD_CHANGE = 'latchkey:before-password-change';

/** OpenAPI extensions from which the document derives each operation's `security`; see docs/openapi.ts. */
export const PUBLIC_EXTENSION = 'x-latchkey-public';
export const SCOPES_EXTENSION = 'x-required-scopes';
export const USERS_EXTENSION = 'x-latchkey-users-only';
export const BEFORE_PASSWORD_CHANGE_EXTENSION = 'x-latchkey-before-password-change';
export const CLIENT_EXTENSION = 'x-latchkey-client';

type RouteDecorator = MethodDecorator & ClassDecorator;

/** Opens a route to every client. A route without it is closed: the guard requires an access token. */
export function Public(): RouteDecorator {
  return applyDecorators(SetMetadata(IS_PUBLIC, true), ApiExtension(PUBLIC_EXTENSION, true));
}

/** Closes a route to principals that lack one of the scopes; the guard and the OpenAPI document both read it. */
export function RequireScopes(...scopes: [ServiceScope, ...ServiceScope[]]): RouteDecorator {
  return applyDecorators(SetMetadata(REQUIRED_SCOPES, scopes), ApiExtension(SCOPES_EXTENSION, scopes));
}

/** Opens a closed route to tokens for applications, and closes it to those for this service. */
export function ForApplications(): MethodDecorator {
  return SetMetadata(FOR_APPLICATIONS, true);
}

/** Opens a closed route to users who must change their password first. */
export function BeforePasswordChange(): MethodDecorator {
  return applyDecorators(
    SetMetadata(BEFORE_PASSWORD_CHANGE, true),
    ApiExtension(BEFORE_PASSWORD_CHANGE_EXTENSION, true),
  );
}

/** The principal that the guard admitted. Only for routes that are not public. */
export const CurrentPrincipal = createParamDecorator((_: unknown, context: ExecutionContext): Principal =>
  principalOf(context),
);

/**
 * The user that the guard admitted. A handler with this parameter is closed to clients: the guard refuses them, and the
 * OpenAPI document says so.
 */
export const CurrentUser = createParamDecorator(
  (_: unknown, context: ExecutionContext): UserPrincipal => {
    const principal = principalOf(context);
    if (principal.kind !== 'user') throw new Error('CurrentUser used on a route that admits clients');
    return principal;
  },
  [closeToClients],
);

function principalOf(context: ExecutionContext): Principal {
  const { user } = context.switchToHttp().getRequest<FastifyRequest & { user?: Principal }>();
  if (!user) throw new Error('CurrentPrincipal used on a route without a guard');
  return user;
}

function closeToClients(target: object, method: string | symbol | undefined): void {
  const descriptor = method === undefined ? undefined : Object.getOwnPropertyDescriptor(target, method);
  if (method === undefined || !descriptor)
    throw new Error('CurrentUser must decorate a parameter of a handler');
  const mark = applyDecorators(SetMetadata(USERS_ONLY, true), ApiExtension(USERS_EXTENSION, true));
  mark(target, method, descriptor);
}
