/**
 * Hashes of other programs with their passwords. Django 5.2 and passlib 1.7.4 made the first ones; Python's hashlib confirmed PBKDF2
 * and scrypt. Keycloak's were made with hashlib and argon2-cffi in Keycloak's format.
 */
export interface ForeignHash {
  readonly scheme: string;
  readonly password: string;
  readonly hash: string;
}

/** NFKC changes this password, and the other systems hash it without normalization. */
export const PASSWORD = 'Ångström ﬁne 1815';

/** Hashes of {@link PASSWORD} with small costs. */
export const MADE_HASHES: readonly ForeignHash[] = [
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
  ['sha1 (LDAP)', '{SHA}yGLMy6nSvFegV29LrNmmZOKugqE='],
  ['salted sha1 (LDAP)', '{SSHA}/wXDrz6/LS0vIcxKwCWq/NKi/ipy7p1T'],
  ['salted sha256 (LDAP)', '{SSHA256}JVG9/WZbuF5N1GKPfbDIDduf/MRbyYfuC+XqRWnulqKLUWqtFULI+Q=='],
  [
    'salted sha512 (LDAP)',
    '{SSHA512}EmoKTawQQS7JyGfwv83ARwVwMVoVu2s/LAW9UqvvKhn73Pc4gAKSThNvwixT5tMVPKTQ/5AwB+rYmNqYI+AwsZkTgtC6FwKg',
  ],
  ['md5 (LDAP)', '{MD5}24p8yAi5x58s+Q2YiKzztQ=='],
  ['salted md5 (LDAP)', '{SMD5}INuaZSgljgf6lMaDrVgPN2sNoTQ='],
  ['pbkdf2-sha256', '{PBKDF2-SHA256}1000$AECo9V6r9d773xtDyPk/Rw$34wjVnNzwiiDIuGI2uxC2qo/iwsmiE7/PZ9WCrToFMc'],
  ['pbkdf2-sha1', '{PBKDF2}1000$7x1jbG1NibFWKgVgjBGilA$SCElHe9yEvOmcTACUBoXAZ5owyc'],
  ['bcrypt', '{CRYPT}$2b$04$im8kVrGAjh0FhXv90J3C6exVX3clYKIxQBGxQe6wCp/T1gc6A8QhC'],
  ['phpass', '$P$93lgLk9.iwllsj4.dwM1eeIHCNjhJz/'],
  ['phpass', '$H$9iapKShkO8wX4sJR0pEsshmzSnbtfA1'],
  // In Spring's format, made with hashlib.
  ['pbkdf2-sha256 (Spring)', '{pbkdf2@SpringSecurity_v5_8}f0f1f2f3f4f5f6f7f8f9fafbfcfdfeffc131615b7ba26158fa64a48c4795a29e3e35d02af8bcf5b771cb450567517d85'],
  [
    'sha512-crypt',
    '{CRYPT}$6$rounds=1000$E0W6D95SwHkdugDK$s4slECbu4AJFHbKitvSDi8jfWXBqKLzZh/7NAgfW7pEjTey.iXSVd9gHnSS.ZGv49T0MVL3MwX/3hgLZp2e75/',
  ],
  ['sha256-crypt', '$5$rounds=1000$PC6AesYritzBuc7c$R8XGI93QqL2DWoduOwK53SkgbDM2exaPn79XsK2D7A.'],
  ['md5 (Django)', 'md5$zL3mB7kQ0sXw$bb46475bcf1c0340b0459407bd08e66c'],
].map(([scheme = '', hash = '']) => ({ scheme, hash, password: PASSWORD }));

/** Hashes that the systems themselves publish, in their tests and documentation. */
const PUBLISHED_HASHES: readonly ForeignHash[] = [
  // spring-projects/spring-security, PasswordEncoderFactoriesTests.
  ...[
    ['bcrypt', '{bcrypt}$2a$10$dXJ3SW6G7P50lGmMkkmwe.20cQQubK3.HZWzG3YB1tlRy.fqvM/BG'],
    ['salted sha1 (LDAP)', '{ldap}{SSHA}igvD9lOiTXm16dmOw0YWRb9OjK2ThZvdQku2EQ=='],
    ['md5 (Spring)', '{MD5}{aRYR+Yp2xSqtgF+vtjH6jNda6M083iEbP+zCFjLt9IA=}905e382a25eed53e22224223b3581092'],
    [
      'pbkdf2-sha1 (Spring)',
      '{pbkdf2}5d923b44a6d129f3ddf3e3c8d29412723dcbde72445e8ef6bf3b508fbf17fa4ed4d6b99ca763d8dc',
    ],
    [
      'scrypt (Spring)',
      '{scrypt}$e0801$8bWJaSu2IKSn9Z9kM+TPXfOc/9bdYSrN1oD9qfVThWEwdRTnO7re7Ei+fUZRJ68k9lTyuTeUp4of4g24hHnazw==$OAOec05+bXxvuu/1qZ6NUR+xQYvYv7BeL1QxwRpY5Pc=',
    ],
    ['sha1 (Spring)', '{SHA-1}{6581QepZz2qd8jVrT2QYPVtK8DuM2n45dVslmc3UTWc=}4f31573948ddbfb8ac9dd80107dfad13fd8f2454'],
    [
      'sha256 (Spring)',
      '{SHA-256}{UisHp3pFSMqcqrhQsrhR+hspIG0SyMDyDW/XtY+t6nA=}a98efbaf59277bfd1837c33fd4fde67de5bcfd2205bcba0992f6fc32b03a8f88',
    ],
    [
      'sha256 (Spring)',
      '{sha256}97cde38028ad898ebc02e690819fa220e88c62e0699403e94fff291cfffaf8410849f27605abcbc0',
    ],
    // laravel/laravel, UserFactory until version 10.
    ['bcrypt', '$2y$10$92IXUNpkjO0rOQ5byMi.Ye4oKoEa3Ro9llC/.og/at2.uheWG/igi'],
  ].map(([scheme = '', hash = '']) => ({ scheme, hash, password: 'password' })),
  // dotnet/aspnetcore, PasswordHasherTest.
  ...[
    ['pbkdf2-sha1 (ASP.NET v2)', 'AAABAgMEBQYHCAkKCwwNDg+ukCEMDf0yyQ29NYubggHIVY0sdEUfdyeM+E1LtH1uJg=='],
    ['pbkdf2-sha1 (ASP.NET v3)', 'AQAAAAAAAAD6AAAAEAhftMyfTJylOlZT+eEotFXd1elee8ih5WsjXaR3PA9M'],
    [
      'pbkdf2-sha256 (ASP.NET v3)',
      'AQAAAAEAA9CQAAAAIESkQuj2Du8Y+kbc5lcN/W/3NiAZFEm11P27nrSN5/tId+bR1SwV8CO1Jd72r4C08OLvplNlCDc3oQZ8efcW+jQ=',
    ],
    [
      'pbkdf2-sha512 (ASP.NET v3)',
      'AQAAAAIAAAD6AAAAIJbVi5wbMR+htSfFp8fTw8N8GOS/Sje+S/4YZcgBfU7EQuqv4OkVYmc4VJl9AGZzmRTxSkP7LtVi9IWyUxX8IAAfZ8v+ZfhjCcudtC1YERSqE1OEdXLW9VukPuJWBBjLuw==',
    ],
  ].map(([scheme = '', hash = '']) => ({ scheme, hash, password: 'my password' })),
  // Ulrich Drepper's specification of SHA-crypt.
  {
    scheme: 'sha512-crypt',
    hash: '$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1',
    password: 'Hello world!',
  },
  {
    scheme: 'sha256-crypt',
    hash: '$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5',
    password: 'Hello world!',
  },
  // openwall's phpass, test.php.
  { scheme: 'phpass', hash: '$P$9IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0', password: 'test12345' },
  // The demonstration of WordPress 7.1 on php-wasm, whose build verifies it with PHP.
  {
    scheme: 'bcrypt (WordPress)',
    hash: '$wp$2y$10$Q1xinFjrZeLWJBvxviIL6u834Fu.evIEFHAUVisQ5O.w9Dm0sMdES',
    password: 'admin',
  },
  // passlib's tests of ldap_salted_sha1.
  { scheme: 'salted sha1 (LDAP)', hash: '{SSHA}0H+zTv8o4MR4H43n03eCsvw1luG8LdB7', password: 'secret' },
  // Made with @better-auth/utils 0.5.1 itself.
  {
    scheme: 'scrypt (Better Auth)',
    hash: '2f90290d0de8612c0707eb412d076bb7:7d061368f590ccb7f668a35b0a6f357f37ef9b607ccc62600a9df6b88c3377750d69649557df9eba6cc5f7af6347f0ef636988df3020f0cdfa4f2f7e858f23c0',
    password: PASSWORD,
  },
];

export const FOREIGN_HASHES: readonly ForeignHash[] = [...MADE_HASHES, ...PUBLISHED_HASHES];

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
