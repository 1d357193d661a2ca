/**
 * The service as it was built, loaded once for all the test files of a worker (see environment.js): what a test that
 * starts the service reaches into. A class that stands for a part of the running service has to come from here; the
 * same class imported from src is another one.
 */
declare const importOnce: (specifier: string) => Promise<unknown>;

async function load<M>(path: string): Promise<M> {
  return (await importOnce(new URL(`../../dist/src/${path}`, import.meta.url).href)) as M;
}

type App = typeof import('../../src/app.setup.js');
type Accounts = typeof import('../../src/auth/users-admin.service.js');
type Audit = typeof import('../../src/audit/audit.service.js');
type Commands = typeof import('../../src/cli/dispatch.js');
type Config = typeof import('../../src/config/env.schema.js');
type Feed = typeof import('../../src/revocation/revocation.feed.js');
type First = typeof import('../../src/auth/first-administrator.js');
type Hasher = typeof import('../../src/passwords/password-hasher.js');
type Health = typeof import('../../src/health/lifecycle.js');
type Housekeepers = typeof import('../../src/auth/housekeeping.js');
type Log = typeof import('../../src/kernel/log.js');
type Metrics = typeof import('../../src/metrics/metrics.server.js');
type Migrate = typeof import('../../src/database/migrate.js');
type Rotation = typeof import('../../src/keys/key-rotation.service.js');
type Sealer = typeof import('../../src/audit/audit.sealer.js');
type Transacting = typeof import('../../src/database/transaction.js');
type Verifier = typeof import('../../src/audit/audit.verifier.js');

export const { createApp } = await load<App>('app.setup.js');
export const { AuditSealer } = await load<Sealer>('audit/audit.sealer.js');
export const { AuditService } = await load<Audit>('audit/audit.service.js');
export const { AuditVerifier } = await load<Verifier>('audit/audit.verifier.js');
export const { UsersAdminService } = await load<Accounts>('auth/users-admin.service.js');
export const { FirstAdministrator } = await load<First>('auth/first-administrator.js');
export const { Housekeeping } = await load<Housekeepers>('auth/housekeeping.js');
export const { dispatch } = await load<Commands>('cli/dispatch.js');
export const { loadConfig } = await load<Config>('config/env.schema.js');
export const { migrate } = await load<Migrate>('database/migrate.js');
export const { MetricsServer } = await load<Metrics>('metrics/metrics.server.js');
export const { Transactions } = await load<Transacting>('database/transaction.js');
export const { Lifecycle } = await load<Health>('health/lifecycle.js');
export const { createLog } = await load<Log>('kernel/log.js');
export const { KeyRotation } = await load<Rotation>('keys/key-rotation.service.js');
export const { PasswordHasher } = await load<Hasher>('passwords/password-hasher.js');
export const { RevocationFeed } = await load<Feed>('revocation/revocation.feed.js');
