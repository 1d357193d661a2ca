import {
  applyDecorators,
  createParamDecorator,
  Get,
  HttpCode,
  Post,
  SetMetadata,
  UseGuards,
} from '@nestjs/common';
import type { ExecutionContext } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiExcludeEndpoint } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { Public } from '../access/access.decorators.js';
import type { UserPrincipal } from '../access/principal.js';
import { FORM } from '../platform/http/content-type.js';
import { BrowserGuard } from './browser.guard.js';
import { CsrfGuard } from './csrf.guard.js';
import { PAGE_AUDIENCE, type PageAudience } from './page-audience.js';

/** A page: a GET that changes nothing. Cookies open it; bearer tokens do not. */
export function PageGet(path: string, audience: PageAudience): MethodDecorator {
  return applyDecorators(Get(path), RouteConfig({ page: true }), page(audience), UseGuards(BrowserGuard));
}

/** The target of a page's form. It takes forms alone, and only from a page of this service. */
export function PagePost(path: string, audience: PageAudience): MethodDecorator {
  return applyDecorators(
    Post(path),
    HttpCode(200),
    RouteConfig({ page: true, consumes: FORM }),
    page(audience),
    UseGuards(CsrfGuard, BrowserGuard),
  );
}

/** The signed-in user of a page for them. */
export const SignedInUser = createParamDecorator((_: unknown, context: ExecutionContext): UserPrincipal => {
  const { browserSession } = context.switchToHttp().getRequest<FastifyRequest>();
  if (!browserSession) throw new Error('SignedInUser used on a page for visitors');
  return browserSession.principal;
});

/** The user of a page for visitors, if one is signed in. */
export const MaybeSignedInUser = createParamDecorator(
  (_: unknown, context: ExecutionContext): UserPrincipal | undefined =>
    context.switchToHttp().getRequest<FastifyRequest>().browserSession?.principal,
);

function page(audience: PageAudience): MethodDecorator {
  // The guard of access tokens lets it pass: BrowserGuard decides.
  return applyDecorators(Public(), ApiExcludeEndpoint(), SetMetadata(PAGE_AUDIENCE, audience));
}
