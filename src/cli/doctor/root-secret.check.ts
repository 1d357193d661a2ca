import { sharedRoot } from '../../platform/config/secret-settings.js';
import type { SettingsCheck } from './check.js';
import { risk } from './finding.js';

export const rootSecretCheck: SettingsCheck = ({ keys }) => {
  const shared = sharedRoot(keys);
  if (shared) return risk('ROOT_SECRET', shared.says, shared.fix);
  if (keys.rootSecret !== undefined) return undefined;
  const fix =
    'set ROOT_SECRET before you replace JWT_PRIVATE_KEY; otherwise every user has to log in again after the replacement';
  return risk('ROOT_SECRET', 'refresh tokens and audit seals depend on JWT_PRIVATE_KEY', fix);
};
