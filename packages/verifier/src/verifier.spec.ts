import { describe, expect, it } from '@jest/globals';
import { createVerifier, type VerifierOptions } from './verifier.js';

const GOOD: VerifierOptions = {
  issuer: 'https://id.example',
  audience: 'tasks',
  feed: { clientId: 'a', clientSecret: 'b' },
  maxStalenessSeconds: 300,
};

describe('a verifier', () => {
  it('needs four options', () => {
    expect(() => createVerifier(GOOD)).not.toThrow();
  });

  it.each(['issuer', 'audience', 'feed', 'maxStalenessSeconds'])('names a missing %s', (name) => {
    const { [name]: _, ...others } = GOOD as unknown as Record<string, unknown>;
    expect(() => createVerifier(others as unknown as VerifierOptions)).toThrow(
      new RegExp(`^${name} is missing: `),
    );
  });

  it.each<[string, Partial<VerifierOptions>, string]>([
    ['an empty issuer', { issuer: '' }, 'issuer is missing'],
    ['an empty audience', { audience: '' }, 'audience is missing'],
    ['an empty list of audiences', { audience: [] }, 'audience is missing'],
    [
      'the issuer as an audience',
      { issuer: 'https://id.example', audience: ['tasks', 'https://id.example/'] },
      'audience is the issuer',
    ],
    [
      'a staleness below ten seconds',
      { maxStalenessSeconds: 9 },
      'maxStalenessSeconds must be a number from 10 on',
    ],
    ['a leeway over a minute', { leewaySeconds: 61 }, 'leewaySeconds must be a number from 0 to 60'],
    ['a short secret', { secretKey: 'short' }, 'secretKey is shorter than 32 bytes'],
  ])('refuses %s', (_, change, message) => {
    expect(() => createVerifier({ ...GOOD, ...change })).toThrow(message);
  });
});
