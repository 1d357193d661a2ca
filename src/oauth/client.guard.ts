import { applyDecorators, createParamDecorator, Injectable, SetMetadata, UseGuards } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ApiExtension } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { countHeaders } from '@latchkey/token-rules';
import { CLIENT_EXTENSION, Public } from '../access/access.decorators.js';
import { ClientsService, type AuthenticatedClient } from '../clients/clients.service.js';
import { AppError } from '../platform/kernel/app-error.js';
import { parseBody } from '../platform/kernel/validation.js';
import { clientCredentials, invalidClient } from './client-authentication.js';
import { clientFields } from './token.dto.js';

const CLIENT = 'latchkey:client';
type Need = 'required' | 'optional';
type ClientRequest = FastifyRequest & { client?: AuthenticatedClient | undefined };

/**
 * Opens a route to OAuth clients, which send client credentials instead of an access token. The guard and the OpenAPI
 * document both read the mark. On an `optional` route a request without credentials is the public client of the
 * service's own logins.
 */
export function ForClients(need: Need): MethodDecorator {
  return applyDecorators(
    Public(),
    SetMetadata(CLIENT, need),
    ApiExtension(CLIENT_EXTENSION, need),
    UseGuards(ClientGuard),
  );
}

/** The client that the guard authenticated; undefined for the public client. */
export const CurrentClient = createParamDecorator((_: unknown, context: ExecutionContext) => {
  return context.switchToHttp().getRequest<ClientRequest>().client;
});

const ClientFieldsDto = z.object(clientFields);

/** Authenticates the client of a request (RFC 6749 section 2.3) before the request is validated further. */
@Injectable()
export class ClientGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly clients: ClientsService,
  ) {}

  /** @throws AppError `invalid_client`, `validation_failed`, `malformed_request` */
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<ClientRequest>();
    if (countHeaders(request.raw.rawHeaders, 'authorization') > 1) {
      throw new AppError('validation_failed', {
        detail: 'The request has more than one Authorization header',
      });
    }
    const fields = parseBody(ClientFieldsDto, request.body);
    const given = clientCredentials(request.headers.authorization, fields);
    request.client = given && (await this.clients.authenticate(given.id, given.secret));
    if (given && !request.client) throw invalidClient('unknown client or wrong secret');
    const required = this.reflector.get<Need>(CLIENT, context.getHandler()) === 'required';
    if (required && !request.client) throw invalidClient('no client');
    return true;
  }
}
