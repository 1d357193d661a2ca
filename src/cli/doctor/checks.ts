import { addressesCheck } from './addresses.check.js';
import type { DatabaseCheck, SettingsCheck } from './check.js';
import { clockCheck } from './clock.check.js';
import { corsOriginsCheck } from './cors-origins.check.js';
import { inheritedSettingsCheck } from './inherited-settings.check.js';
import { issuerCheck } from './issuer.check.js';
import { migrationsCheck } from './migrations.check.js';
import { postgresVersionCheck } from './postgres-version.check.js';
import { rootSecretCheck } from './root-secret.check.js';
import { signingKeysCheck } from './signing-keys.check.js';
import { trustedProxiesCheck } from './trusted-proxies.check.js';

/** The checks of well-formed settings, in the order of the report. A new check is one file and one line here. */
export const SETTINGS_CHECKS: readonly SettingsCheck[] = [
  issuerCheck,
  rootSecretCheck,
  corsOriginsCheck,
  trustedProxiesCheck,
];

/** The checks of a reachable database, in the order of the report. */
export const DATABASE_CHECKS: readonly DatabaseCheck[] = [
  postgresVersionCheck,
  inheritedSettingsCheck,
  clockCheck,
  migrationsCheck,
];

/** The checks of rows, which need the schema of this version. */
export const ROW_CHECKS: readonly DatabaseCheck[] = [signingKeysCheck, addressesCheck];
