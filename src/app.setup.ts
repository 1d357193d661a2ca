import helmet from '@fastify/helmet';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AppModule, type AppParts } from './app.module.js';
import type { HttpConfig } from './config/config.js';
import { unavailableDatabase } from './database/connection.js';
import { serveDocs } from './docs/swagger.js';
import { Lifecycle } from './health/lifecycle.js';
import { answerExpectations, assertHost, httpAdapter } from './http-adapter.js';
import { assertContentType } from './kernel/content-type.js';
import { ProxyWatch } from './limits/proxy-watch.js';
import { NestLog, type Log } from './kernel/log.js';
import { ProblemFilter } from './kernel/problem.filter.js';
import { RouteTable } from './kernel/route-table.js';
import { SchemaPipe } from './kernel/schema.pipe.js';

/**
 * Makes the application as production runs it, ready to listen: the tests use it too.
 * @throws the database's error where the pool cannot connect
 */
export async function createApp(parts: AppParts): Promise<NestFastifyApplication> {
  const { config, log } = parts;
  const routes = new RouteTable();
  const adapter = httpAdapter(config.http);
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.with(parts), adapter, {
    logger: new NestLog(log),
    abortOnError: false,
  });
  addHooks(app, routes, log);
  await app.register(helmet, {
    contentSecurityPolicy: { directives: CONTENT_SECURITY_POLICY },
    // The other names below this host's are not ours to speak for.
    strictTransportSecurity: { includeSubDomains: false },
  });
  answerExpectations(app.getHttpServer());
  app.enableCors(corsDelegate(config.http) as never);
  app.useGlobalPipes(new SchemaPipe());
  app.useGlobalFilters(
    new ProblemFilter({
      log,
      allowedMethods: (path) => routes.allowedMethods(path),
      translate: unavailableDatabase,
    }),
  );
  serveDocs(app);
  await app.init();
  await app.getHttpAdapter().getInstance().ready();
  return app;
}

const CONTENT_SECURITY_POLICY = {
  defaultSrc: ["'self'"],
  // Swagger UI sets styles on its elements and draws its icons from data URLs.
  styleSrc: ["'self'", "'unsafe-inline'"],
  imgSrc: ["'self'", 'data:'],
  // It would send the page's own requests to https: on a host that serves plain HTTP.
  upgradeInsecureRequests: null,
};

/** OPTIONS is a preflight where a browser's headers say so, and otherwise a method like any other. */
function corsDelegate(config: HttpConfig) {
  const options = corsOptions(config);
  return (request: FastifyRequest, done: (error: null, options: object) => void): void => {
    const { origin, 'access-control-request-method': method } = request.headers;
    done(null, { ...options, preflight: origin !== undefined && method !== undefined });
  };
}

function corsOptions({ corsOrigins }: HttpConfig) {
  return {
    origin: corsOrigins.length > 0 ? [...corsOrigins] : false,
    credentials: true,
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    allowedHeaders: ['authorization', 'content-type', 'x-request-id'],
    exposedHeaders: [
      'www-authenticate',
      'x-request-id',
      'retry-after',
      'ratelimit',
      'ratelimit-policy',
      'x-total-count',
      'link',
      'location',
    ],
    maxAge: 600,
  };
}

function addHooks(app: NestFastifyApplication, routes: RouteTable, log: Log): void {
  const fastify = app.getHttpAdapter().getInstance();
  const lifecycle = app.get(Lifecycle);
  const proxies = app.get(ProxyWatch);
  fastify.addHook('onRoute', ({ method, url }) => routes.add(method, url));
  fastify.addHook('onRequest', async (request: FastifyRequest, reply: FastifyReply) => {
    lifecycle.requestBegins();
    // Not in onResponse, which is never told of a client that went away before it was answered.
    reply.raw.once('close', () => lifecycle.requestEnds());
    proxies.see(request.raw);
    assertHost(request);
  });
  // Also on what is answered before any route, such as the preflight of CORS.
  fastify.addHook('onSend', async (request: FastifyRequest, reply: FastifyReply) => {
    void reply.header('x-request-id', request.id);
    // Nothing is cached unless its route says so: most answers hold a credential or depend on one.
    if (!reply.hasHeader('cache-control')) void reply.header('cache-control', 'no-store');
    if (lifecycle.draining) void reply.header('connection', 'close');
  });
  fastify.addHook('preParsing', async (request: FastifyRequest) => assertContentType(request));
  fastify.addHook('onResponse', (request: FastifyRequest, reply: FastifyReply, done: () => void) => {
    // The route's pattern, not the path: a path may hold what a log must not.
    const { method, id, routeOptions } = request;
    log.info(
      {
        request_id: id,
        method,
        route: routeOptions.url ?? 'unmatched',
        status: reply.statusCode,
        duration_ms: Math.round(reply.elapsedTime * 10) / 10,
      },
      'request',
    );
    done();
  });
}
