import { FIRST_PARTY } from '../access/principal.js';
import { SERVICE_SCOPES, type ServiceScope } from '../access/scopes.js';
import type { RevocationKind } from '@latchkey/token-rules';

/** A subject of a revocation: the id of a session, user or client, the `kid` of a key, or `*` for all. */
export interface RevocationTarget {
  readonly kind: RevocationKind;
  readonly subject: string;
}

/** The tokens that a revocation hits, and the scopes that their holders cannot give to the one who revokes. */
export interface RevocationReach {
  readonly hits:
    'one session' | 'one user' | 'one client' | 'tokens of one key' | 'every user' | 'every token';
  /** Scopes that the actor must hold besides those of the session's user, of the user or of the client. */
  readonly scopes: readonly ServiceScope[];
}

const REACH: Readonly<Record<RevocationKind, RevocationReach>> = {
  session: { hits: 'one session', scopes: [] },
  user: { hits: 'one user', scopes: [] },
  client: { hits: 'one client', scopes: [] },
  // It also stops the key from signing, which is a change of the key ring.
  key: { hits: 'tokens of one key', scopes: ['keys:write'] },
  // It logs out administrators too.
  all: { hits: 'every token', scopes: SERVICE_SCOPES },
};

/** What a revocation hits, and the scopes that it needs. A revocation is judged by its reach and not by its kind alone. */
export function reachOf({ kind, subject }: RevocationTarget): RevocationReach {
  if (kind === 'client' && subject === FIRST_PARTY) return { hits: 'every user', scopes: SERVICE_SCOPES };
  return REACH[kind];
}
