import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import Fastify from 'fastify';
import type { Verifier } from '@latchkey/verifier';
import { express, fastify, nest, Verifier as BuiltVerifier } from '../service/verifier.js';

declare const importOnce: (specifier: string) => Promise<unknown>;

/** A service that uses the verifier: `/` needs a valid token, `/narrow` also the scope `tasks:delete`. */
export interface Guarded {
  readonly url: string;
  close(): Promise<unknown>;
}

const NARROW = { scopes: ['tasks:delete'] };

/** Calls the middleware as Express does, with request, response and next. */
export async function guardedByExpress(verifier: Verifier): Promise<Guarded> {
  const [open, narrow] = [express.authenticate(verifier), express.authenticate(verifier, NARROW)];
  return listening((request: IncomingMessage, response: ServerResponse) => {
    (request.url === '/narrow' ? narrow : open)(request, response, (error) => {
      if (error !== undefined) return void response.writeHead(500).end();
      response.end(express.tokenOf(request).subject);
    });
  });
}

export async function guardedByFastify(verifier: Verifier): Promise<Guarded> {
  const app = Fastify();
  app.get('/', { onRequest: fastify.authenticate(verifier) }, (request, reply) =>
    reply.send(fastify.tokenOf(request).subject),
  );
  app.get('/narrow', { onRequest: fastify.authenticate(verifier, NARROW) }, (_, reply) =>
    reply.send('narrow'),
  );
  return { url: await app.listen({ port: 0, host: '127.0.0.1' }), close: () => app.close() };
}

export async function guardedByNest(verifier: Verifier): Promise<Guarded> {
  const { Controller, Get, Module } = (await importOnce('@nestjs/common')) as typeof import('@nestjs/common');
  const { APP_GUARD, NestFactory } = (await importOnce('@nestjs/core')) as typeof import('@nestjs/core');
  const { FastifyAdapter } = (await importOnce(
    '@nestjs/platform-fastify',
  )) as typeof import('@nestjs/platform-fastify');

  @Controller()
  class Routes {
    @Get()
    whoAmI(@nest.CurrentToken() token: { readonly subject: string }): string {
      return token.subject;
    }

    @nest.RequireScopes('tasks:delete')
    @Get('narrow')
    narrow(): string {
      return 'narrow';
    }

    @nest.Public()
    @Get('public')
    open(): string {
      return 'public';
    }
  }

  @nest.Public()
  @Controller('opened')
  class OpenedRoutes {
    @nest.RequireScopes('tasks:delete')
    @Get('narrow')
    narrow(): string {
      return 'narrow';
    }

    @nest.Public()
    @nest.RequireScopes('tasks:delete')
    @Get('both')
    both(): string {
      return 'both';
    }

    @Get('public')
    open(): string {
      return 'public';
    }
  }

  @Module({
    controllers: [Routes, OpenedRoutes],
    providers: [
      { provide: BuiltVerifier, useValue: verifier },
      { provide: APP_GUARD, useClass: nest.LatchkeyGuard },
    ],
  })
  class App {}

  const app = await NestFactory.create<NestFastifyApplication>(App, new FastifyAdapter(), { logger: false });
  await app.listen(0, '127.0.0.1');
  return { url: await app.getUrl(), close: () => app.close() };
}

/** A small HTTP server on a free port. */
export async function listening(answer: RequestListener): Promise<Guarded> {
  const server: Server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}
