/**
 * Hashes of other programs with their passwords. Django 5.2 and passlib 1.7.4 made them; Python's hashlib confirmed PBKDF2
 * and scrypt. Keycloak's were made with hashlib and argon2-cffi in Keycloak's format.
 */
export interface ForeignHash {
  readonly scheme: string;
  readonly password: string;
  readonly hash: string;
}

/** NFKC changes this password, and the other systems hash it without normalization. */
export const PASSWORD = 'Ångström ﬁne 1815';

export const FOREIGN_HASHES: readonly ForeignHash[] = [
  [
    'pbkdf2-sha256 (Django)',
    'pbkdf2_sha256$1000$zL3mB7kQ0sXw$frAZmlcY6oHMC8NX4H5uvlRunaoMliHgaZ9bLYbBx84=',
  ],
  ['pbkdf2-sha1 (Django)', 'pbkdf2_sha1$1000$zL3mB7kQ0sXw$1PV7z8sau65mkZf6X7bRf4Pt09w='],
  [
    'bcrypt-sha256 (Django)',
    'bcrypt_sha256$$2b$04$GicVJKMTBI83UJy.D7DCO.Bc48m5tgK/BiRdxNoXPN0Jrb4YtSype',
  ],
  ['bcrypt (Django)', 'bcrypt$$2b$04$im8kVrGAjh0FhXv90J3C6exVX3clYKIxQBGxQe6wCp/T1gc6A8QhC'],
  ['bcrypt', '$2b$04$im8kVrGAjh0FhXv90J3C6exVX3clYKIxQBGxQe6wCp/T1gc6A8QhC'],
  [
    'argon2id (Django)',
    'argon2$argon2id$v=19$m=256,t=1,p=2$ekwzbUI3a1Ewc1h3QUFBQQ$V9sMp0ce4wGNZpaL7kUk6d1SoE6Jd/NU+cDIWNS25ME',
  ],
  [
    'scrypt (Django)',
    'scrypt$1024$zL3mB7kQ0sXw$8$5$jGmo9seSBORdpzUcxnGCBB2RSC2F/GzqRfc8In83PywacFVbHLlGqaNiGghWVDHekTiFdcNyfJkOCY01BujYvQ==',
  ],
  [
    'pbkdf2-sha256',
    '$pbkdf2-sha256$1000$8PHy8/T19vf4.fr7/P3./w$vXplClpUZTMRk1aCBtrqDVsDrrcdmeVPLF94PPbRvsw',
  ],
  ['pbkdf2-sha1', '$pbkdf2$1000$8PHy8/T19vf4.fr7/P3./w$XU9YJ1Wmwc3fMfgn3ueaGCB0cYY'],
  ['pbkdf2-sha1', '$pbkdf2-sha1$1000$8PHy8/T19vf4.fr7/P3./w$XU9YJ1Wmwc3fMfgn3ueaGCB0cYY'],
  [
    'pbkdf2-sha512',
    '$pbkdf2-sha512$1000$8PHy8/T19vf4.fr7/P3./w$yCnLifMzbbTTLxJnNfvbyh85TNKS4KxXkr8bBU2M4RZjC01tFmk2y1t9PFbzgPNDiDbuUl/GKShSuZJFUPvD7A',
  ],
  ['scrypt', '$scrypt$ln=10,r=8,p=1$8PHy8/T19vf4+fr7/P3+/w$yA/2zyuOChmnkp5D7p/lLq2nTYrTx5mKgg3TtMwxTxM'],
  [
    'argon2i',
    '$argon2i$v=19$m=256,t=2,p=1$z9mbk/K+l1IqpfReS4kRog$anbL/MdRd63PZ1eL6w9JP+00T/DXfLj0kkbCYF193A8',
  ],
  [
    'argon2id',
    '$argon2id$v=19$m=256,t=2,p=1$ZixFiNFaS6n1HkOIMabUeg$ZX6Yk8WJVJ0WPSHU/aysfLhVzDwR2mThWgDffiu/8I8',
  ],
  [
    'argon2d',
    '$argon2d$v=19$m=256,t=2,p=1$jNF6732PEcKY05pTai2FsA$QDU8lu0EZiXLToy23fPJmcO++GwfZ8jTaqN15V2UyMM',
  ],
].map(([scheme = '', hash = '']) => ({ scheme, hash, password: PASSWORD }));

/** The example of Firebase's own README (github.com/firebase/scrypt). */
export const FIREBASE = {
  password: 'user1password',
  hash: 'lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==',
  salt: '42xEC+ixf3L2lw==',
  project: {
    base64_signer_key:
      'jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==',
    base64_salt_separator: 'Bw==',
    rounds: 8,
    mem_cost: 14,
  },
} as const;

const KEYCLOAK_SALT = '8PHy8/T19vf4+fr7/P3+/w==';

/** Keycloak's credentials of {@link PASSWORD}. */
export const KEYCLOAK = [
  {
    scheme: 'pbkdf2-sha256',
    credentialData: '{"hashIterations":1000,"algorithm":"pbkdf2-sha256","additionalParameters":{}}',
    secretData: `{"value":"vXplClpUZTMRk1aCBtrqDVsDrrcdmeVPLF94PPbRvsyXishoADZWkpHZ1Ci0tEA8Egi8OmBxhXwgTD88Ez1NNA==","salt":"${KEYCLOAK_SALT}","additionalParameters":{}}`,
  },
  {
    scheme: 'pbkdf2-sha512',
    credentialData: '{"hashIterations":1000,"algorithm":"pbkdf2-sha512","additionalParameters":{}}',
    secretData: `{"value":"yCnLifMzbbTTLxJnNfvbyh85TNKS4KxXkr8bBU2M4RZjC01tFmk2y1t9PFbzgPNDiDbuUl/GKShSuZJFUPvD7A==","salt":"${KEYCLOAK_SALT}","additionalParameters":{}}`,
  },
  {
    scheme: 'argon2id',
    credentialData:
      '{"hashIterations":5,"algorithm":"argon2","additionalParameters":{"hashLength":["32"],"memory":["256"],"type":["id"],"version":["1.3"],"parallelism":["1"]}}',
    secretData: `{"value":"2f5ymGVzl2aY8dLLe2DcVyJQ04Mt2WhfXldIcXfbpdU=","salt":"${KEYCLOAK_SALT}","additionalParameters":{}}`,
  },
] as const;
