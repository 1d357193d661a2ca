import type { KeyConfig } from './config.js';

/**
 * The secrets from which internal keys are derived (RFC 5869), the current one first: `SECRET_KEY`, then the pinned
 * private key, then the previous secrets. Never empty.
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
