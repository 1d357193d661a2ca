import type { SettingsCheck } from './check.js';
import { good, risk } from './finding.js';

const ABOUT = 'CORS_ORIGINS';

export const corsOriginsCheck: SettingsCheck = ({ production, http: { corsOrigins } }) => {
  const withoutTls = corsOrigins.filter((origin) => production && origin.startsWith('http:'));
  if (withoutTls.length > 0) {
    const fix = `remove these from CORS_ORIGINS, or serve them over https: ${withoutTls.join(', ')}`;
    return risk(ABOUT, 'pages without TLS may send credentials', fix);
  }
  if (corsOrigins.length === 0) return good(ABOUT, 'no other origin');
  return good(ABOUT, production ? 'every origin has TLS' : corsOrigins.join(', '));
};
