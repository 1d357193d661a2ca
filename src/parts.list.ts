/**
 * What the tests reach into: the classes of the running service, from the very files that it runs. They are packed
 * beside the service (`dist/parts.js`) and nothing of the service imports them.
 */
export { DataSource } from 'typeorm';
export { FirstAdministrator } from './accounts/first-administrator.js';
export { UsersAdminService } from './accounts/users-admin.service.js';
export { createApp } from './app/create-app.js';
export { AuditSealer } from './audit/audit.sealer.js';
export { AuditService } from './audit/audit.service.js';
export { AuditVerifier } from './audit/audit.verifier.js';
export { dispatch } from './cli/dispatch.js';
export { KeyRotation } from './keys/key-rotation.service.js';
export { PasswordHasher } from './passwords/password-hasher.js';
export { loadConfig } from './platform/config/env.schema.js';
export { readEnvironment } from './platform/config/environment.js';
export { migrate, withDataSource } from './platform/database/migrate.js';
export { Transactions } from './platform/database/transaction.js';
export { Lifecycle } from './platform/http/lifecycle.js';
export { createLog } from './platform/kernel/log.js';
export { MetricsServer } from './platform/metrics/metrics.server.js';
export { Housekeeping } from './platform/pacing/housekeeping.js';
export { RevocationFeed } from './revocation/revocation.feed.js';
export { SealChain } from './seals/seal-chain.js';
