/**
 * The built service, as `npm start` and the image run it, loaded once for all test files of a worker (see
 * setup/environment.js). A test that takes a provider out of a running service imports its class from here: the class
 * imported from src is a different object, which the running service does not know.
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
  SealChain,
  Transactions,
  UsersAdminService,
  createApp,
  createLog,
  dispatch,
  loadConfig,
  migrate,
  withDataSource,
} = ((await importOnce(new URL('../../../dist/parts.js', import.meta.url).href)) as Parts).parts;
