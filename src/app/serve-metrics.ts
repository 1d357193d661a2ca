import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Pool } from 'pg';
import { DataSource } from 'typeorm';
import type { Config } from '../platform/config/config.js';
import { Lifecycle } from '../platform/http/lifecycle.js';
import { KeyRing } from '../keys/key-ring.js';
import { SigningKeyRows } from '../keys/signing-key-rows.js';
import { MetricsServer } from '../platform/metrics/metrics.server.js';
import { ServiceMetrics, type Readings } from '../platform/metrics/service-metrics.js';
import { PasswordHasher } from '../passwords/password-hasher.js';
import { AuditSealer } from '../audit/audit.sealer.js';
import { SealChain } from '../seals/seal-chain.js';
import { RevocationFeed } from '../revocation/revocation.feed.js';

const DAY_SECONDS = 86_400;

/**
 * Serves the metrics of an application on `METRICS_PORT` until the application is closed.
 * @throws the system's error where the port cannot be used; the application is closed first
 */
export async function serveMetrics(app: NestFastifyApplication, config: Config): Promise<void> {
  const { host, metricsPort } = config.http;
  const metrics = new ServiceMetrics(readings(app, config));
  try {
    await app.get(MetricsServer).listen(metrics, metricsPort ?? 0, host);
  } catch (error) {
    metrics.close();
    await app.close();
    throw error;
  }
}

/** Connects the metrics to the rooms, which do not import each other. */
function readings(app: NestFastifyApplication, { database, keys }: Config): Readings {
  const lifecycle = app.get(Lifecycle);
  const hasher = app.get(PasswordHasher);
  const feed = app.get(RevocationFeed);
  const ring = app.get(KeyRing);
  const rows = app.get(SigningKeyRows);
  const [chain, sealer] = [app.get(SealChain), app.get(AuditSealer)];
  const { master } = app.get(DataSource).driver as unknown as { readonly master: Pool };
  return {
    ready: () => !lifecycle.draining && feed.isReady(),
    requestsInFlight: () => lifecycle.requests,
    hashing: () => hasher.load,
    feed: () => ({ stalenessSeconds: Math.max(0, feed.stalenessMs()) / 1000, live: feed.size }),
    pool: () => ({
      total: master.totalCount,
      idle: master.idleCount,
      waiting: master.waitingCount,
      limit: database.poolSize,
    }),
    audit: () => ({ isAlarmed: chain.alarm !== null, delaySeconds: sealer.delaySeconds }),
    keys: () => ring.states().map(({ key, state }) => ({ state, algorithm: key.algorithm })),
    rejectedKeys: () => rows.rejected.length,
    keyDue: () => {
      // Keys that come from the settings are rotated by changing the settings.
      if (keys.pinnedKey || keys.algorithm.startsWith('HS')) return undefined;
      const active = ring.states().find(({ state, key }) => state === 'active' && !key.compromised);
      return active && active.key.activeFrom / 1000 + keys.rotationDays * DAY_SECONDS;
    },
  };
}
