import { describe, expect, it } from '@jest/globals';
import { AppError } from '../platform/kernel/app-error.js';
import { assertAcceptablePassword, type Identity } from './password-policy.js';

function refusal(password: string, identity: Identity = {}): string | undefined {
  try {
    assertAcceptablePassword(password, identity);
    return undefined;
  } catch (error) {
    return error instanceof AppError ? error.errors?.[0]?.code : 'another error';
  }
}

describe('a password', () => {
  it.each(['correct horse battery staple', '        ', 'x'.repeat(1023) + 'y', 'ひらがなのことば'])(
    'may be %j, because there are no composition rules',
    (password) => {
      expect(refusal(password)).toBe(password.trim() === '' ? 'too_common' : undefined);
    },
  );

  it('is measured in code points after NFKC', () => {
    expect(refusal('ﬃﬃﬃ')).toBeUndefined(); // three ligatures are nine letters
    expect(refusal('👩‍🚀a')).toBe('too_short');
    expect(refusal('ab'.repeat(512))).toBeUndefined();
    expect(refusal('ab'.repeat(512) + 'c')).toBe('too_long');
  });

  it.each(['password', 'PASSWORD1', 'qwertyuiop', 'iloveyou1', '1234567890', 'ｐａｓｓｗｏｒｄ'])(
    'may not be the common password %j',
    (password) => {
      expect(refusal(password)).toBe('too_common');
    },
  );

  it.each([
    ['the e-mail address', 'ada.lovelace@example.com'],
    ['its local part', 'Ada.Lovelace'],
    ['the user name', 'AdaCountess'],
    ['the full name', 'ada lovelace'],
    ['the full name without spaces', 'adalovelace'],
  ])('may not be %s', (_, password) => {
    const identity = { email: 'ada.lovelace@example.com', username: 'adacountess', fullName: 'Ada Lovelace' };
    expect(refusal(password, identity)).toBe('contains_identity');
  });
});
