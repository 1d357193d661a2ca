import { keycloakHash } from '../../passwords/exported-parts.js';
import {
  fullNameOf,
  idOf,
  isFalse,
  isTrue,
  millisecondsOf,
  objectOf,
  statusOf,
  textOf,
  usernameOf,
  type ImportFormat,
} from './format.js';

/** Keycloak: the users of a realm as `kc.sh export` writes them. Clients' service accounts are skipped. */
export const keycloak: ImportFormat = {
  kinds: ['json', 'ndjson'],
  toFields: (record) => {
    if (textOf(record, 'serviceAccountClientId') !== undefined) return undefined;
    const credentials = Array.isArray(record['credentials']) ? record['credentials'] : [];
    const password = credentials.map(objectOf).find(({ type }) => type === 'password');
    return {
      ...idOf(record['id']),
      email: textOf(record, 'email'),
      email_verified: isTrue(record['emailVerified']),
      username: usernameOf(record['username']),
      full_name: fullNameOf(record['firstName'], record['lastName']),
      status: statusOf(isFalse(record['enabled'])),
      created_at: millisecondsOf(record['createdTimestamp']),
      password_hash: password && keycloakHash(password['credentialData'], password['secretData']),
    };
  },
};
