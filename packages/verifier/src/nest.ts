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
import { answerTo, remember, tokenOf } from './authenticated.js';
import { Verifier } from './verifier.js';
import { VerifierError } from './verifier-error.js';

const IS_PUBLIC = '@latchkey/verifier:public';
const SCOPES = '@latchkey/verifier:scopes';

/** Opens a route to everyone; without it the guard asks for a token. On a class, but for handlers with `RequireScopes`. */
export const Public = (): MethodDecorator & ClassDecorator => SetMetadata(IS_PUBLIC, true);

/** Closes a route to tokens that lack one of the scopes. */
export const RequireScopes = (...scopes: [string, ...string[]]): MethodDecorator & ClassDecorator =>
  SetMetadata(SCOPES, scopes);

/** Who is asking: a {@link VerifiedToken}. Only on routes that are not public. */
export const CurrentToken = createParamDecorator((_: unknown, context: ExecutionContext) =>
  tokenOf(context.switchToHttp().getRequest<object>()),
);

/**
 * Lets in who has a good token and every scope of `RequireScopes`, on Express and on Fastify. Provide a started
 * {@link Verifier} under its class, and this as `APP_GUARD` or by `@UseGuards`.
 */
@Injectable()
export class LatchkeyGuard implements CanActivate {
  constructor(
    @Inject(Verifier) private readonly verifier: Verifier,
    @Inject(Reflector) private readonly reflector: Reflector,
  ) {}

  /**
   * What a route asks for; undefined where it is public. The handler's word goes before its class's, and of two on the
   * same the stricter.
   */
  private scopesFor(context: ExecutionContext): readonly string[] | undefined {
    for (const target of [context.getHandler(), context.getClass()]) {
      const scopes = this.reflector.get<readonly string[] | undefined>(SCOPES, target);
      if (scopes) return scopes;
      if (this.reflector.get<boolean | undefined>(IS_PUBLIC, target)) {
        return undefined;
      }
    }
    return [];
  }

  /** @throws HttpException with the body and status of the refusal; its headers are set */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const scopes = this.scopesFor(context);
    if (scopes === undefined) return true;
    const http = context.switchToHttp();
    const request = http.getRequest<IncomingMessage & { readonly raw?: IncomingMessage }>();
    try {
      remember(request, await this.verifier.authenticate(request.raw ?? request, { scopes }));
      return true;
    } catch (error) {
      if (!(error instanceof VerifierError)) throw error;
      const { status, headers, body } = answerTo(error, request.headers['x-request-id']);
      const response = http.getResponse<{ header(name: string, value: string): unknown }>();
      for (const [name, value] of Object.entries(headers)) response.header(name, value);
      throw new HttpException(body, status, { cause: error });
    }
  }
}
