import { describe, expect, it } from '@jest/globals';
import { hash as argon2Hash } from 'argon2';
import { FIREBASE, FOREIGN_HASHES, KEYCLOAK, PASSWORD } from '../../test/vectors/foreign-hashes.js';
import { firebaseHash, keycloakHash } from './exported-parts.js';
import { readHash } from './hash-schemes.js';
import { PasswordHasher } from './password-hasher.js';
import { UnusableHash } from './stored-hash.js';

const CONFIG = { memoryKib: 8192, time: 1, parallelism: 1, concurrency: 2, queue: 10 };
const hasher = new PasswordHasher(CONFIG);
const DIGEST = 'A'.repeat(43);

function fault(stored: string): string | undefined {
  try {
    readHash(stored);
    return undefined;
  } catch (error) {
    return error instanceof UnusableHash ? error.fault : 'another error';
  }
}

async function judged(password: string, stored: string): Promise<[boolean, boolean]> {
  const { matches, outdated } = await hasher.matches(password, stored);
  return [matches, outdated];
}

const ALL = [
  ...FOREIGN_HASHES,
  ...KEYCLOAK.map(({ scheme, credentialData, secretData }) => ({
    scheme,
    password: PASSWORD,
    hash: keycloakHash(credentialData, secretData),
  })),
  {
    scheme: 'scrypt (Firebase)',
    password: FIREBASE.password,
    hash: firebaseHash(FIREBASE.hash, FIREBASE.salt, FIREBASE.project),
  },
];

describe('a hash of another system', () => {
  it.each(ALL)(
    'of $scheme matches its password without normalization and no other, and is outdated',
    async (known) => {
      expect(readHash(known.hash).scheme).toBe(known.scheme);
      expect(await judged(known.password, known.hash)).toEqual([true, true]);
      expect(await judged(`${known.password}x`, known.hash)).toEqual([false, true]);
      expect(await judged('', known.hash)).toEqual([false, true]);
    },
  );

  it('of bcrypt_sha256 covers passwords beyond 72 bytes', async () => {
    const long = 'bcrypt_sha256$$2b$04$jyQjYLn.YjQZ0Oc5gqjQT.viJiSzqMf.Cq1x5phYX1wbkUXb8LJLm';
    expect(await judged('x'.repeat(100), long)).toEqual([true, true]);
    expect(await judged('x'.repeat(99), long)).toEqual([false, true]);
  });

  it('of argon2i is outdated even with the configured costs', async () => {
    const costs = { memoryCost: CONFIG.memoryKib, timeCost: CONFIG.time, parallelism: CONFIG.parallelism };
    expect(await judged('a password', await argon2Hash('a password', { ...costs, type: 1 }))).toEqual([
      true,
      true,
    ]);
  });

  it('does not match the normalized password; the renewed hash does', async () => {
    expect(await judged(PASSWORD.normalize('NFKC'), ALL[0]?.hash ?? '')).toEqual([false, true]);
    expect(await judged(PASSWORD.normalize('NFKC'), await hasher.hash(PASSWORD))).toEqual([true, false]);
  });
});

describe('a hash that costs too much', () => {
  it.each([
    ['PBKDF2 iterations', 'pbkdf2_sha256$5558857$salt$', 'pbkdf2_sha256$5558858$salt$', `${DIGEST}=`],
    [
      'PBKDF2 iterations of all blocks',
      '$pbkdf2-sha1$3040000$c2FsdA$',
      '$pbkdf2-sha1$3040001$c2FsdA$',
      DIGEST,
    ],
    ['scrypt memory (Django)', 'scrypt$262144$salt$8$1$', 'scrypt$524288$salt$8$1$', `${DIGEST}=`],
    ['scrypt block size', '$scrypt$ln=17,r=24,p=1$c2FsdA$', '$scrypt$ln=17,r=25,p=1$c2FsdA$', DIGEST],
    ['scrypt repetitions', '$scrypt$ln=17,r=8,p=3$c2FsdA$', '$scrypt$ln=17,r=8,p=4$c2FsdA$', DIGEST],
    ['scrypt memory beyond numbers', '$scrypt$ln=2,r=8,p=1$c2FsdA$', '$scrypt$ln=64,r=8,p=1$c2FsdA$', DIGEST],
    [
      'Firebase memory',
      `$firebase-scrypt$ln=18,r=8$c2FsdA$$${DIGEST}$`,
      `$firebase-scrypt$ln=19,r=8$c2FsdA$$${DIGEST}$`,
      DIGEST,
    ],
    [
      'argon2 memory',
      '$argon2id$v=19$m=524288,t=1,p=1$c2FsdHNhbHQ$',
      '$argon2id$v=19$m=524289,t=1,p=1$c2FsdHNhbHQ$',
      DIGEST,
    ],
    [
      'argon2 memory and time together',
      '$argon2id$v=19$m=194560,t=10,p=1$c2FsdHNhbHQ$',
      '$argon2id$v=19$m=194561,t=10,p=1$c2FsdHNhbHQ$',
      DIGEST,
    ],
    [
      'argon2 threads',
      'argon2$argon2i$v=19$m=512,t=74,p=64$c2FsdHNhbHQ$',
      'argon2$argon2i$v=19$m=512,t=75,p=64$c2FsdHNhbHQ$',
      DIGEST,
    ],
    ['sha512-crypt rounds', '$6$rounds=243200$salt$', '$6$rounds=243201$salt$', 'A'.repeat(86)],
    ['phpass rounds', '$P$E', '$P$F', 'A'.repeat(30)],
    ['ASP.NET iterations', 'AQAAAAEAAAAB', 'AQAAAAH/////', `AAAAEA${'A'.repeat(62)}`],
    ['bcrypt cost', '$2b$14$', '$2b$15$', 'a'.repeat(53)],
    ['bcrypt cost (Django)', 'bcrypt_sha256$$2b$14$', 'bcrypt_sha256$$2b$15$', 'a'.repeat(53)],
  ])('is refused for its %s; the highest allowed value is not', (_, allowed, refused, rest) => {
    expect(fault(allowed + rest)).toBeUndefined();
    expect(fault(refused + rest)).toBe('hash_too_costly');
  });

  it.each([
    ['argon2id of 64 MiB and four lanes', `$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHQ$${DIGEST}`],
    ['bcrypt of cost 12', `$2b$12$${'a'.repeat(53)}`],
    ['Django with a million iterations', `pbkdf2_sha256$1000000$salt$${DIGEST}=`],
    ['scrypt of 128 MiB', `$scrypt$ln=17,r=8,p=1$c2FsdA$${DIGEST}`],
  ])('is never an ordinary one: %s', (_, stored) => {
    expect(fault(stored)).toBeUndefined();
  });

  it('takes the time of a login in the same pool and matches nothing', async () => {
    const costly = `$argon2id$v=19$m=4194304,t=100,p=1$c2FsdHNhbHQ$${DIGEST}`;
    const one = new PasswordHasher({ ...CONFIG, concurrency: 1, queue: 0 });
    await one.prepare();
    const busy = one.hash('a password');
    await expect(one.matches('a password', costly)).rejects.toThrow('overloaded');
    await busy;
    expect(await one.matches('a password', costly)).toEqual({ matches: false, outdated: true });
  });
});

describe('a text that is no hash', () => {
  it.each([
    ['', 'malformed_hash'],
    ['5f4dcc3b5aa765d61d8327deb882cf99', 'unknown_hash'],
    ['md5$salt$5f4dcc3b5aa765d61d8327deb882cf9', 'malformed_hash'],
    ['sha1$salt', 'malformed_hash'],
    ['{noop}password', 'unknown_hash'],
    ['{CLEARTEXT}password', 'unknown_hash'],
    ['{CRYPT}password', 'unknown_hash'],
    ['{SSHA}xyz', 'malformed_hash'],
    ['{SSHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=', 'malformed_hash'],
    ['{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9hzYWx0', 'malformed_hash'],
    ['{SHA-1}5baa61e4c9b93f3f0682250b6cf8331b7ee68f', 'malformed_hash'],
    ['{pbkdf2}5d923b44a6d129f3', 'malformed_hash'],
    ['{scrypt}$e0000$c2FsdHNhbHQ$c2FsdHNhbHRzYWx0c2FsdA', 'malformed_hash'],
    ['$P$9IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L', 'malformed_hash'],
    ['$wp$2y$10$short', 'malformed_hash'],
    [`$6$rounds=999$salt$${'A'.repeat(86)}`, 'malformed_hash'],
    [`$6$salt$${'A'.repeat(85)}`, 'malformed_hash'],
    [`$5$${'s'.repeat(17)}$${'A'.repeat(43)}`, 'malformed_hash'],
    [`AQAAAAMAAAD6AAAAEAhftMyfTJylOlZT${'A'.repeat(36)}`, 'malformed_hash'],
    [`AQAAAAAAAAD6AAAAQAhftMyfTJylOlZT${'A'.repeat(36)}`, 'malformed_hash'],
    ['2f90290d0de8612c0707eb412d076bb7:7d061368f590ccb7f668a35b', 'unknown_hash'],
    ['!', 'unknown_hash'],
    ['pbkdf2_sha256$1000$salt$', 'malformed_hash'],
    ['pbkdf2_sha256$1000$salt$AAAA', 'malformed_hash'],
    [`pbkdf2_sha256$0$salt$${DIGEST}=`, 'malformed_hash'],
    [`pbkdf2_sha256$1e3$salt$${DIGEST}=`, 'malformed_hash'],
    [`pbkdf2_md5$1000$salt$${DIGEST}=`, 'malformed_hash'],
    [`pbkdf2_sha256$1000$s\u0000lt$${DIGEST}=`, 'malformed_hash'],
    [`$pbkdf2-sha256$1000$c2FsdA$${DIGEST}!`, 'malformed_hash'],
    [`$pbkdf2-sha256$1000$c2FsdA$${DIGEST}$x`, 'malformed_hash'],
    [`$scrypt$ln=0,r=8,p=1$c2FsdA$${DIGEST}`, 'malformed_hash'],
    [`scrypt$1000$salt$8$1$${DIGEST}=`, 'malformed_hash'],
    [`$firebase-scrypt$ln=14,r=8$c2FsdA$$${DIGEST}$${'A'.repeat(86)}`, 'malformed_hash'],
    ['$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$AAAA', 'malformed_hash'],
    [`$argon2id$v=19$m=64,t=1,p=9$c2FsdHNhbHQ$${DIGEST}`, 'malformed_hash'],
    [`$argon2id$v=19$m=64,t=1,p=1$c2FsdA$${DIGEST}`, 'malformed_hash'],
    [`$argon2id$v=19$m=64,t=1,p=1,data=AAAA$c2FsdHNhbHQ$${DIGEST}`, 'malformed_hash'],
    ['$2b$03$' + 'a'.repeat(53), 'malformed_hash'],
    ['$2b$10$' + 'a'.repeat(52), 'malformed_hash'],
    [`$pbkdf2-sha256$1000$${'A'.repeat(2000)}$${DIGEST}`, 'malformed_hash'],
  ])('%j is refused as %s, and matches nothing', async (stored, expected) => {
    expect(fault(stored)).toBe(expected);
    expect(await judged('', stored)).toEqual([false, true]);
  });

  it.each([
    ['{"hashIterations":1,"algorithm":"argon2","additionalParameters":{}}', 'malformed_hash'],
    ['{"hashIterations":1,"algorithm":"md5"}', 'unknown_hash'],
    ['no JSON', 'malformed_hash'],
    [undefined, 'malformed_hash'],
  ])('and is a Keycloak credential %j is refused', (credentialData, expected) => {
    const secretData = { value: `${DIGEST}=`, salt: 'c2FsdHNhbHQ=' };
    const read = (): unknown => readHash(keycloakHash(credentialData, secretData));
    expect(read).toThrow(new UnusableHash(expected as 'malformed_hash'));
  });
});
