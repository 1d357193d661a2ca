import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { answerForwardAuth } from './forward-auth.listener.js';
import { AppModule, type AppParts } from './app.module.js';
import type { HttpConfig } from '../platform/config/config.js';
import { unavailableDatabase } from '../platform/database/connection.js';
import { serveDocs } from '../platform/docs/swagger.js';
import { Lifecycle } from '../platform/http/lifecycle.js';
import { answerExpectations, assertHost, httpAdapter } from '../platform/http/http-adapter.js';
import { assertContentType } from '../platform/http/content-type.js';
import { ProxyWatch } from '../limits/proxy-watch.js';
import { NestLog, type Log } from '../platform/kernel/log.js';
import { ProblemFilter } from '../platform/http/problem.filter.js';
import { RouteTable } from '../platform/http/route-table.js';
import { SchemaPipe } from '../platform/http/schema.pipe.js';
import { recordRequest } from '../platform/http/request-log.js';
import { securityHeaders } from '../platform/http/security-headers.js';

/**
 * Makes the application as production runs it, ready to listen: the tests use it too.
 * @throws the database's error where the pool cannot connect
 */
export async function createApp(parts: AppParts): Promise<NestFastifyApplication> {
  const { config, log } = parts;
  const routes = new RouteTable();
  const adapter = httpAdapter(config.http, (request, reply) => recordRequest(request, reply, log));
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.with(parts), adapter, {
    logger: new NestLog(log),
    abortOnError: false,
  });
  addHooks(app, routes, log);
  answerExpectations(app.getHttpServer());
  // It works its headers out for each request: nobody pays for what no page may use.
  if (config.http.corsOrigins.length > 0) app.enableCors(corsDelegate(config.http) as never);
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
  answerForwardAuth(app, log);
  if (config.http.metricsPort !== undefined) {
    // Loaded only where it is asked for.
    const { serveMetrics } = await import('./serve-metrics.js');
    await serveMetrics(app, config);
  }
  return app;
}

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
    origin: [...corsOrigins],
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

type HookDone = (error?: Error) => void;

/** Hooks that wait for nothing are told so: a promise for each would cost every request. */
function settle(done: HookDone, check: () => void): void {
  try {
    check();
  } catch (error) {
    done(error as Error);
    return;
  }
  done();
}

function addHooks(app: NestFastifyApplication, routes: RouteTable, log: Log): void {
  const fastify = app.getHttpAdapter().getInstance();
  const lifecycle = app.get(Lifecycle);
  const proxies = app.get(ProxyWatch);
  fastify.decorateRequest('refusedWith', undefined);
  fastify.addHook('onRoute', ({ method, url }) => routes.add(method, url));
  const always = securityHeaders();
  fastify.addHook('onRequest', (request: FastifyRequest, reply: FastifyReply, done: HookDone) => {
    lifecycle.requestBegins();
    // Not in onResponse, which is never told of a client that went away before it was answered.
    reply.raw.once('close', () => {
      lifecycle.requestEnds();
      recordRequest(request, reply, log);
    });
    proxies.see(request.raw);
    settle(done, () => assertHost(request));
  });
  // Also on what is answered before any route, such as the preflight of CORS.
  fastify.addHook('onSend', (request: FastifyRequest, reply: FastifyReply, _payload, done: HookDone) => {
    void reply.headers(always).header('x-request-id', request.id);
    // Nothing is cached unless its route says so: most answers hold a credential or depend on one.
    if (!reply.hasHeader('cache-control')) void reply.header('cache-control', 'no-store');
    if (lifecycle.draining) void reply.header('connection', 'close');
    done();
  });
  fastify.addHook('preParsing', (request: FastifyRequest, _reply, _payload, done: HookDone) =>
    settle(done, () => assertContentType(request)),
  );
}
