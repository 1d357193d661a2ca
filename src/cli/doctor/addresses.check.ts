import { newestAddresses } from '../../sessions/newest-addresses.js';
import type { DatabaseCheck } from './check.js';
import { good, risk } from './finding.js';

const ABOUT = 'addresses';
/** 200 sessions of different users do not all come from one address, unless it is that of a proxy. */
const CONCLUSIVE_SESSIONS = 200;

/** Finds a proxy that the settings do not name: all sessions then have its address. */
export const addressesCheck: DatabaseCheck = async ({ dataSource, config: { http } }) => {
  const { sessions, addresses, ip } = await newestAddresses(dataSource.manager, CONCLUSIVE_SESSIONS);
  if (sessions < CONCLUSIVE_SESSIONS || addresses > 1)
    return good(ABOUT, `${addresses} in the newest sessions`);
  const says = `the newest ${sessions} sessions all came from ${ip ?? 'no known address'}`;
  const fix =
    http.trustedProxies.length === 0
      ? 'if that is a proxy, add it to TRUSTED_PROXIES, and let it send X-Forwarded-For'
      : 'let the proxies of TRUSTED_PROXIES send X-Forwarded-For, and list every proxy';
  return risk(ABOUT, says, fix);
};
