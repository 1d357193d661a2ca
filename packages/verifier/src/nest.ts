import {
  createParamDecorator,
  HttpException,
  Inject,
  Injectable,
  SetMetadata,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { IncomingMessage } from 'node:http';
import { refusalFor, attachToken, tokenOf } from './authenticated.js';
import { Verifier } from './verifier.js';
import { VerifierError } from './verifier-error.js';

const IS_PUBLIC = '@latchkey/verifier:public';
const SCOPES = '@latchkey/verifier:scopes';

/**
 * Lets requests without a token reach a route. On a class it opens every handler that has no `RequireScopes` of its own.
 */
export const Public = (): MethodDecorator & ClassDecorator => SetMetadata(IS_PUBLIC, true);

/** Requires every one of these scopes for a route. */
export const RequireScopes = (...scopes: [string, ...string[]]): MethodDecorator & ClassDecorator =>
  SetMetadata(SCOPES, scopes);

/** Injects the request's {@link VerifiedToken} into a handler. Throws on public routes. */
export const CurrentToken = createParamDecorator((_: unknown, context: ExecutionContext) =>
  tokenOf(context.switchToHttp().getRequest<object>()),
);

/**
 * Accepts requests whose token is valid and has every scope of `RequireScopes`, on Express and on Fastify. Provide a
 * started {@link Verifier} under its class, and this guard as `APP_GUARD` or by `@UseGuards`.
 */
@Injectable()
export class LatchkeyGuard implements CanActivate {
  constructor(
    @Inject(Verifier) private readonly verifier: Verifier,
    @Inject(Reflector) private readonly reflector: Reflector,
  ) {}

  /**
   * The scopes that a route requires; undefined where it is public. A handler's decorator overrides its class's, and
   * `RequireScopes` overrides `Public` on the same target.
   */
  private scopesFor(context: ExecutionContext): readonly string[] | undefined {
    for (const target of [context.getHandler(), context.getClass()]) {
      const scopes = this.reflector.get<readonly string[] | undefined>(SCOPES, target);
      if (scopes) return scopes;
      if (this.reflector.get<boolean | undefined>(IS_PUBLIC, target)) return undefined;
    }
    return [];
  }

  /** @throws HttpException with the status and body of the refusal; the response's headers are set before */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const scopes = this.scopesFor(context);
    if (scopes === undefined) return true;
    const http = context.switchToHttp();
    const request = http.getRequest<IncomingMessage & { readonly raw?: IncomingMessage }>();
    try {
      attachToken(request, await this.verifier.authenticate(request.raw ?? request, { scopes }));
      return true;
    } catch (error) {
      if (!(error instanceof VerifierError)) throw error;
      const { status, headers, body } = refusalFor(error, request.headers['x-request-id']);
      const response = http.getResponse<{ header(name: string, value: string): unknown }>();
      for (const [name, value] of Object.entries(headers)) response.header(name, value);
      throw new HttpException(body, status, { cause: error });
    }
  }
}
