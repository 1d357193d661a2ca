/**
 * The service as `npm start` and the image run it, loaded once for all the test files of a worker (see
 * setup/environment.js): what a test that starts the service reaches into. A class that stands for a part of the running
 * service has to come from here; the same class imported from src is another one.
 */
declare const importOnce: (specifier: string) => Promise<unknown>;

type Parts = typeof import('../../../src/parts.js');

export const {
  AuditSealer,
  AuditService,
  AuditVerifier,
  DataSource,
  FirstAdministrator,
  Housekeeping,
  KeyRotation,
  Lifecycle,
  MetricsServer,
  PasswordHasher,
  RevocationFeed,
  Transactions,
  UsersAdminService,
  createApp,
  createLog,
  dispatch,
  loadConfig,
  migrate,
} = ((await importOnce(new URL('../../../dist/parts.js', import.meta.url).href)) as Parts).parts;
