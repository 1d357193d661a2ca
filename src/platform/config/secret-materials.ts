import type { KeyConfig } from './config.js';

/**
 * What keys for other purposes are derived from (RFC 5869), the current one first: `SECRET_KEY`, or where there is none
 * the pinned private key, and then what was used before. Never empty.
 */
export function secretMaterials({
  secret,
  pinnedKey,
  previousSecrets,
}: Pick<KeyConfig, 'secret' | 'pinnedKey' | 'previousSecrets'>): [
  string | Buffer,
  ...Array<string | Buffer>,
] {
  const pinned = pinnedKey?.export({ format: 'der', type: 'pkcs8' });
  const [current, ...others] = [secret, pinned, ...previousSecrets].filter(
    (material) => material !== undefined,
  );
  if (current === undefined) throw new Error('neither a secret nor a private key is configured');
  return [current, ...others];
}
