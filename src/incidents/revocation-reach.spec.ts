import { expect, it } from '@jest/globals';
import { SERVICE_SCOPES } from '../access/scopes.js';
import { reachOf } from './revocation-reach.js';

const ID = '019a0c5e-7b1a-7c3e-9f00-0a1b2c3d4e5f';

it.each([
  ['session', ID, 'one session', []],
  ['user', ID, 'one user', []],
  ['client', ID, 'one client', []],
  ['client', 'first-party', 'every user', SERVICE_SCOPES],
  ['key', 'first-party', 'tokens of one key', ['keys:write']],
  ['key', ID, 'tokens of one key', ['keys:write']],
  ['all', '*', 'every token', SERVICE_SCOPES],
] as const)('a revocation of %s %s hits %s and needs %j', (kind, subject, hits, scopes) => {
  expect(reachOf({ kind, subject })).toEqual({ hits, scopes });
});
