import { describe, expect, it } from '@jest/globals';
import { isMadeOfNames, passwordFault, type Identity } from './password-policy.js';

async function refusal(password: string): Promise<string | undefined> {
  return (await passwordFault(password))?.code;
}

describe('a password', () => {
  it.each(['correct horse battery staple', 'x'.repeat(1023) + 'y', 'ひらがなのことば', 'lr7.Kvw2pQ'])(
    'may be %j: there are no rules of composition',
    async (password) => {
      expect(await refusal(password)).toBeUndefined();
    },
  );

  it('is measured in characters after NFKC', async () => {
    expect(await refusal('ﬃﬃﬃ')).toBeUndefined(); // three ligatures are nine letters
    expect(await passwordFault('👩‍🚀a')).toEqual({ code: 'too_short', allowed: 'at least 8 characters' });
    expect(await refusal('ab'.repeat(512))).toBeUndefined();
    expect(await refusal('ab'.repeat(512) + 'c')).toBe('too_long');
  });

  it.each([
    'password',
    'PASSWORD1',
    'Password1!',
    'qwertyuiop',
    'iloveyou1',
    '1234567890',
    'ｐａｓｓｗｏｒｄ',
    'zoidberg1',
  ])('may not be %j, which is in published breaches', async (password) => {
    expect(await refusal(password)).toBe('too_common');
  });

  it.each(['        ', '\u{1d7d9}'.repeat(12)])('may not repeat one character: %j', async (password) => {
    expect(await refusal(password)).toBe('too_common');
  });

  it('of a hundred thousand random ones is refused at most thirty times', async () => {
    const passwords = Array.from({ length: 100_000 }, (_, index) => `random password ${index * 7919}`);
    const refused = await Promise.all(passwords.map(refusal));
    expect(refused.filter((code) => code !== undefined).length).toBeLessThanOrEqual(30);
  });
});

describe('a password may not be made of', () => {
  const identity: Identity = {
    email: 'ada.lovelace@example.com',
    username: 'adacountess',
    fullName: 'Ada Lovelace',
  };

  it.each([
    ['the e-mail address', 'ada.lovelace@example.com'],
    ['the e-mail address and a sign', 'ada.lovelace@example.com!'],
    ['its local part', 'Ada.Lovelace'],
    ['the user name', 'AdaCountess'],
    ['the user name and a year', 'adacountess1843'],
    ['the full name', 'ada lovelace'],
    ['the full name without spaces', 'adalovelace'],
    ['a part of the full name', 'Lovelace!1'],
    ['the name of this service', 'latchkey'],
    ['the same with signs for letters', 'L@tchk3y1!'],
    ['the same twice', 'LatchkeyLatchkey'],
    ['the host of the issuer', 'id.acme-shop.example'],
    ['a label of that host and a number', 'Acme-Shop2026'],
  ])('%s', (_, password) => {
    expect(isMadeOfNames(password, identity, ['id.acme-shop.example', 'id', 'acme-shop'])).toBe(true);
  });

  it.each(['the latchkey under the stone', 'my lovelace biography', 'canada 1867', 'adequate idle words'])(
    'names alone, so %j is accepted',
    (password) => {
      expect(isMadeOfNames(password, { ...identity, username: 'ada' }, ['id'])).toBe(false);
    },
  );
});
