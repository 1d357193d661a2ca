import { describe, expect, it } from '@jest/globals';
import { generateKeyPairSync, hkdfSync, randomBytes } from 'node:crypto';
import { decrypt, encrypt } from './encryption.js';
import { RootSecret, rootSecrets, type Purpose } from './root-secret.js';

const SECRET = randomBytes(32).toString('hex');
const root = new RootSecret(SECRET);

/** RFC 5869, with the label alone. */
function hkdf(label: string): Buffer {
  return Buffer.from(hkdfSync('sha256', SECRET, '', label, 32));
}

describe('the keys of a root secret', () => {
  it.each<[Purpose, string]>([
    ['keyEncryption', 'latchkey signing key encryption'],
    ['keyNonces', 'latchkey signing key nonce'],
    ['keyRows', 'latchkey signing key row'],
    ['auditKeyId', 'latchkey audit key id'],
    ['auditEvents', 'latchkey audit event'],
    ['auditSeals', 'latchkey audit seal'],
    ['refreshTokens', 'latchkey refresh token'],
    ['browserTokens', 'latchkey browser token'],
    ['deviceCookies', 'latchkey device cookie'],
    ['backups', 'latchkey backup'],
  ])('of the purpose %s stay the same, because stored data depends on them', (purpose, label) => {
    expect(root.key(purpose).export()).toEqual(hkdf(label));
  });

  it('differ between purposes and between secrets', () => {
    const other = new RootSecret(randomBytes(32).toString('hex'));
    const texts = [root, other].flatMap((one) =>
      (['keyEncryption', 'auditSeals', 'refreshTokens'] as const).map((purpose) =>
        one.key(purpose).export().toString('hex'),
      ),
    );
    expect(new Set(texts).size).toBe(6);
    expect(root.idOf('refreshTokens')).not.toBe(other.idOf('refreshTokens'));
  });

  it('come from the pinned key where no secret is set, and otherwise from the secret', () => {
    const pinnedKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    const der = pinnedKey.export({ format: 'der', type: 'pkcs8' });
    const [current] = rootSecrets({ rootSecret: undefined, pinnedKey, previousRootSecrets: [] });
    expect(current.key('auditSeals').export()).toEqual(new RootSecret(der).key('auditSeals').export());
    const [first, second] = rootSecrets({ rootSecret: SECRET, pinnedKey, previousRootSecrets: [] });
    expect(first.key('auditSeals').export()).toEqual(root.key('auditSeals').export());
    expect(second?.key('auditSeals').export()).toEqual(current.key('auditSeals').export());
  });
});

describe('encryption', () => {
  const place = { purpose: 'keyEncryption', id: 'row 1' } as const;
  const sealed = encrypt(Buffer.from('a text'), place, root);

  it('is undone with the same root secret and place', () => {
    expect(decrypt(sealed, place, root).toString()).toBe('a text');
  });

  it('is not undone for another row, purpose or secret, or after a change of any byte', () => {
    expect(() => decrypt(sealed, { ...place, id: 'row 2' }, root)).toThrow();
    expect(() => decrypt(sealed, { ...place, purpose: 'auditSeals' }, root)).toThrow();
    expect(() => decrypt(sealed, place, new RootSecret(`${SECRET}x`))).toThrow();
    for (let at = 0; at < sealed.length; at++) {
      const changed = Buffer.from(sealed);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(() => decrypt(changed, place, root)).toThrow();
    }
  });
});
