import { describe, expect, it } from '@jest/globals';
import {
  createCipheriv,
  createHash,
  createPublicKey,
  generateKeyPairSync,
  hkdfSync,
  randomBytes,
} from 'node:crypto';
import { RootSecret } from '../platform/secrets/root-secret.js';
import { unwrapKey, wrapKey, wrappingId } from './key-wrapping.js';

const SECRET = randomBytes(32).toString('hex');
const root = new RootSecret(SECRET);

describe('a private key that was encrypted before ROOT_SECRET existed', () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });

  it('opens, and keeps the id of its secret', () => {
    const nonce = randomBytes(12);
    const key = Buffer.from(hkdfSync('sha256', SECRET, '', 'latchkey signing key encryption', 32));
    const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from('kid'));
    const der = privateKey.export({ format: 'der', type: 'pkcs8' });
    const text = Buffer.concat([cipher.update(der), cipher.final()]);
    const stored = Buffer.concat([nonce, cipher.getAuthTag(), text]);
    expect(createPublicKey(unwrapKey(stored, 'kid', root)).equals(createPublicKey(privateKey))).toBe(true);
    const id = createHash('sha256').update(key).update('id').digest('base64url').slice(0, 22);
    expect(wrappingId(root)).toBe(id);
  });

  it('does not open under another kid', () => {
    expect(() => unwrapKey(wrapKey(privateKey, 'one', root), 'two', root)).toThrow();
  });
});
