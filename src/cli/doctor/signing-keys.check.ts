import { assertNoneUnderAnotherRoot } from '../../keys/settings-key.js';
import { keyOfRow } from '../../keys/key-material.js';
import { keyState } from '../../keys/key-rotation.policy.js';
import { readSigningKeys } from '../../keys/signing-keys.service.js';
import type { DatabaseCheck } from './check.js';
import { fault, good } from './finding.js';

const ABOUT = 'keys';
const ADD_FORMER_SECRET =
  'add the former ROOT_SECRET to ROOT_SECRET_PREVIOUS, or the former SECRET_KEY to SECRET_KEY_PREVIOUS';

/** Finds the active key, and whether the settings can decrypt it. */
export const signingKeysCheck: DatabaseCheck = async ({ dataSource, clock, config: { keys } }) => {
  const now = clock.now();
  const { authentic: rows, rejected } = await readSigningKeys(dataSource.manager, keys);
  if (rows.length + rejected.length === 0) return good(ABOUT, 'none yet; the first start creates one');
  try {
    assertNoneUnderAnotherRoot(rejected, keys, now);
  } catch {
    return fault(ABOUT, 'the signing key is encrypted under another root secret', ADD_FORMER_SECRET);
  }
  if (rejected.length > 0) {
    const kids = rejected.map(({ kid }) => kid).join(', ');
    const fix =
      'find out who writes to the database; then delete each with: npm run latchkey -- keys rotate --compromised KID';
    return fault(ABOUT, `rows that this service did not write, or that were changed: ${kids}`, fix);
  }
  const active = rows.find((row) => keyState(row, now) === 'active' && row.compromisedAt === null);
  if (!active) {
    const fix = 'npm run latchkey -- keys rotate, or set JWT_PRIVATE_KEY or ROOT_SECRET';
    return fault(ABOUT, 'no key is active, so no token can be signed', fix);
  }
  const name = `${active.algorithm} ${active.kid}`;
  if (!keyOfRow(active, keys)?.signWith) {
    const says = `the settings cannot decrypt the active key (${name})`;
    return fault(ABOUT, says, ADD_FORMER_SECRET);
  }
  const next = rows.find((row) => keyState(row, now) === 'next' && row.compromisedAt === null);
  if (next && active.activeUntil !== null) {
    const until = new Date(active.activeUntil).toISOString();
    return good(ABOUT, `${name} signs until ${until}, then ${next.algorithm} ${next.kid}`);
  }
  if (active.algorithm !== keys.algorithm)
    return good(ABOUT, `${name} signs; a key for ${keys.algorithm} signs after the next start`);
  const states = rows.map((row) => keyState(row, now)).filter((state) => state !== 'gone');
  return good(ABOUT, `${name} signs; ${states.length} in all: ${states.join(', ')}`);
};
