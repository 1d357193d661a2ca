import type { SettingsCheck } from './check.js';
import { fault, good, risk } from './finding.js';

const ABOUT = 'TRUSTED_PROXIES';

export const trustedProxiesCheck: SettingsCheck = ({ production, http: { trustedProxies } }) => {
  if (trustedProxies.some((range) => range.endsWith('/0')))
    return fault(ABOUT, 'every address is trusted as a proxy', 'list only the addresses of your proxies');
  if (production && trustedProxies.length === 0) {
    const says = 'none: behind a proxy all clients would share its address and its rate limits';
    return risk(ABOUT, says, 'set TRUSTED_PROXIES to the address of the proxy, if there is one');
  }
  return good(ABOUT, trustedProxies.join(', ') || 'none, outside production');
};
