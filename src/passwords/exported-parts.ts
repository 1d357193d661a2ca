import { z } from 'zod';
import { bytesOf, UnusableHash } from './stored-hash.js';

const base64 = z.string().min(1).max(256);

/** The hash parameters of a Firebase project, as the Firebase console shows them (`hash_config`). */
export const FirebaseParameters = z.object({
  base64_signer_key: base64,
  base64_salt_separator: z.string().max(256),
  rounds: z.int().positive(),
  mem_cost: z.int().positive(),
});
export type FirebaseParameters = z.output<typeof FirebaseParameters>;

/** The stored form of a hash and its salt from `firebase auth:export`. @throws UnusableHash */
export function firebaseHash(hash: string, salt: string, project: FirebaseParameters): string {
  const costs = `ln=${project.mem_cost},r=${project.rounds}`;
  const parts = [salt, project.base64_salt_separator, project.base64_signer_key, hash];
  return `$firebase-scrypt$${costs}$${parts.map(unpadded).join('$')}`;
}

/** Keycloak writes each additional parameter as a list of one text. */
const single = z.array(z.coerce.string()).length(1);
const KeycloakCredential = z.object({
  algorithm: z.string(),
  hashIterations: z.int().positive(),
  additionalParameters: z
    .object({ memory: single, parallelism: single, type: single, version: single })
    .partial()
    .optional(),
});
const KeycloakSecret = z.object({ value: base64, salt: base64 });
const KEYCLOAK_PBKDF2: Readonly<Record<string, string>> = {
  pbkdf2: 'pbkdf2-sha1',
  'pbkdf2-sha256': 'pbkdf2-sha256',
  'pbkdf2-sha512': 'pbkdf2-sha512',
};
const ARGON2_VERSIONS: Readonly<Record<string, number>> = { '1.0': 16, '1.3': 19 };

/**
 * The stored form of a password credential of Keycloak.
 * @param credentialData,secretData the columns of these names, as JSON text or as objects
 * @throws UnusableHash
 */
export function keycloakHash(credentialData: unknown, secretData: unknown): string {
  const credential = KeycloakCredential.safeParse(objectOf(credentialData));
  const secret = KeycloakSecret.safeParse(objectOf(secretData));
  if (!credential.success || !secret.success) throw new UnusableHash('malformed_hash');
  const { algorithm, hashIterations, additionalParameters: more } = credential.data;
  const parts = `${unpadded(secret.data.salt)}$${unpadded(secret.data.value)}`;
  const pbkdf2 = KEYCLOAK_PBKDF2[algorithm];
  if (pbkdf2 !== undefined) return `$${pbkdf2}$${hashIterations}$${parts}`;
  if (algorithm !== 'argon2') throw new UnusableHash('unknown_hash');
  const [memory, lanes, type] = [more?.memory?.[0], more?.parallelism?.[0], more?.type?.[0]];
  const version = ARGON2_VERSIONS[more?.version?.[0] ?? '1.3'];
  return `$argon2${type}$v=${version}$m=${memory},t=${hashIterations},p=${lanes}$${parts}`;
}

function objectOf(data: unknown): unknown {
  if (typeof data !== 'string') return data;
  try {
    return JSON.parse(data) as unknown;
  } catch {
    throw new UnusableHash('malformed_hash');
  }
}

/** PHC strings have no padding. */
function unpadded(text: string): string {
  return bytesOf(text).toString('base64').replace(/=+$/, '');
}
