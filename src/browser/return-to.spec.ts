import { expect, it } from '@jest/globals';
import { returnPath } from './return-to.js';

it.each([
  ['/account', '/account'],
  ['/account?done=profile', '/account?done=profile'],
  ['/oauth/authorize?x=//y', '/oauth/authorize?x=//y'],
  ['/a/../account', '/account'],
  ['/account#part', '/account'],
])('%s leads to %s', (text, path) => {
  expect(returnPath(text)).toBe(path);
});

it.each([
  '//evil.example',
  '///evil.example',
  '/\\evil.example',
  '\\/evil.example',
  '/\t/evil.example',
  '/.//evil.example',
  '/a/..//evil.example',
  '/%2e//evil.example',
  '/\r\nSet-Cookie: x=1',
  'https://evil.example/',
  'https:/evil.example',
  'javascript:alert(1)',
  'account',
  '',
  `/${'x'.repeat(2048)}`,
  ['/account'],
  undefined,
])('%j leads nowhere', (text) => {
  expect(returnPath(text)).toBeUndefined();
});
