import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { IncomingMessage } from 'node:http';
import { answerForwardAuth } from './forward-auth.listener.js';
import { AppModule, type AppParts } from './app.module.js';
import { basePathOf } from '../platform/config/urls.js';
import { unavailableDatabase } from '../platform/database/connection.js';
import { DatabaseWrites } from '../platform/database/database-writes.js';
import { serveDocs } from '../platform/docs/swagger.js';
import { acceptCookies } from '../platform/http/cookies.js';
import { readBodies } from '../platform/http/body-parser.js';
import { corsDelegate, preflightWatch } from '../platform/http/cors.js';
import { simplifyForwardedFor } from '../platform/http/forwarded-for.js';
import { addHooks } from '../platform/http/hooks.js';
import { answerExpectations, httpAdapter } from '../platform/http/http-adapter.js';
import { PageErrors } from '../pages/page-errors.js';
import { ProxyWatch } from '../limits/proxy-watch.js';
import { NestLog } from '../platform/kernel/log.js';
import { ProblemFilter } from '../platform/http/problem.filter.js';
import { RouteTable } from '../platform/http/route-table.js';
import { SchemaPipe } from '../platform/http/schema.pipe.js';
import { recordRequest } from '../platform/http/request-log.js';

/**
 * Makes the application that production runs and tests use, ready to listen.
 * @throws the database's error where the pool cannot connect
 */
export async function createApp(parts: AppParts): Promise<NestFastifyApplication> {
  const { config, log } = parts;
  const routes = new RouteTable();
  const basePath = basePathOf(config.tokens.issuer);
  const adapter = httpAdapter(config.http, basePath, (request, reply) => recordRequest(request, reply, log));
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.with(parts), adapter, {
    logger: new NestLog(log),
    abortOnError: false,
    // readBodies reads them.
    bodyParser: false,
  });
  const proxies = app.get(ProxyWatch);
  const writes = app.get(DatabaseWrites);
  const pageErrors = app.get(PageErrors);
  await acceptCookies(app);
  readBodies(app);
  const watchPreflight = preflightWatch(config.http, log);
  const onArrival = (request: IncomingMessage): void => {
    watchPreflight(request);
    proxies.see(request);
    if (config.http.trustedProxies.length > 0) simplifyForwardedFor(request);
  };
  addHooks(app, { routes, log, basePath, onArrival });
  answerExpectations(app.getHttpServer(), basePath);
  // CORS costs time at each request, so it is enabled only where an origin is allowed.
  if (config.http.corsOrigins.length > 0) app.enableCors(corsDelegate(config.http, watchPreflight) as never);
  app.useGlobalPipes(new SchemaPipe());
  app.useGlobalFilters(
    new ProblemFilter({
      log,
      basePath,
      allowedMethods: (path) => routes.allowedMethods(path),
      translate: (error) => {
        writes.note(error);
        return unavailableDatabase(error);
      },
      isPage: (path) => routes.isPage(path),
      answerPage: (error, request, reply) => pageErrors.answer(error, request, reply),
    }),
  );
  serveDocs(app, basePath);
  await app.init();
  await app.getHttpAdapter().getInstance().ready();
  answerForwardAuth(app, log);
  if (config.http.metricsPort !== undefined) {
    // Loaded only with METRICS_PORT, because the metrics library takes memory.
    const { serveMetrics } = await import('./serve-metrics.js');
    await serveMetrics(app, config);
  }
  return app;
}
