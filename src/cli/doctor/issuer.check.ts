import type { SettingsCheck } from './check.js';
import { risk } from './finding.js';

export const issuerCheck: SettingsCheck = ({ production, tokens }) => {
  if (!production || new URL(tokens.issuer).protocol === 'https:') return undefined;
  const fix = 'set JWT_ISSUER to the https URL under which clients reach the service';
  return risk('JWT_ISSUER', `${tokens.issuer} is not https`, fix);
};
