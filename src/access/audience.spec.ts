import { describe, expect, it } from '@jest/globals';
import { AppError } from '../platform/kernel/app-error.js';
import { audienceOf, resolveGrant, type Asked, type Holder } from './audience.js';
import { Audiences } from './audiences.js';

const ISSUER = 'https://id.example.org';
const TASKS = 'https://tasks.example.org';
const BILLING = 'https://billing.example.org';

const audiences = new Audiences({ issuer: ISSUER, audiences: ['latchkey', 'other'] });
audiences.hold([
  { identifier: TASKS, scopes: ['tasks:read', 'tasks:write'] },
  { identifier: BILLING, scopes: [] },
  { identifier: 'other', scopes: ['nothing'] },
]);

const ALL = ['users:read', 'keys:read', 'tasks:read', 'bills:pay'];
const OF_SERVICE = ['users:read', 'keys:read'];
const OF_APPLICATIONS = ['tasks:read', 'bills:pay'];

function asked(text: string): Asked {
  const [resource = '', scope = ''] = text.split(' | ').map((part) => part.trim());
  return { resource: resource === '-' ? null : resource, scope: scope === '-' ? null : scope };
}

/** `audience: scopes`, or the code of the refusal. */
function outcome(of: () => { audience: { identifier: string }; scopes: readonly string[] }): string {
  try {
    const { audience, scopes } = of();
    return `${audience.identifier}: ${scopes.join(' ')}`.trim();
  } catch (error) {
    if (error instanceof AppError) return error.code;
    throw error;
  }
}

/** As a way to a token does it: the request is checked, then resolved against what its holder has. */
function granted(request: string, holder: Holder): string {
  return outcome(() => {
    if (holder.kind === 'user') audienceOf(audiences, asked(request));
    return resolveGrant(audiences, asked(request), holder);
  });
}

/** Resource and scope that are asked for, `-` for absent; what a user who has ALL gets; what a client that has ALL gets. */
const CASES: ReadonlyArray<readonly [request: string, user: string, client: string]> = [
  ['- | -', 'latchkey: tasks:read bills:pay', 'latchkey: tasks:read bills:pay'],
  ['- | tasks:read', 'latchkey: tasks:read', 'latchkey: tasks:read'],
  ['- | users:read', `${ISSUER}: users:read`, `${ISSUER}: users:read`],
  ['- | users:read tasks:read', 'invalid_scope', 'invalid_scope'],
  ['- | users:write', `${ISSUER}:`, 'invalid_scope'],
  ['- | users:anything', `${ISSUER}:`, 'invalid_scope'],
  ['- | unheard-of', 'latchkey:', 'invalid_scope'],
  ['- | a  b', 'invalid_scope', 'invalid_scope'],
  ['- | Users:read', 'latchkey:', 'invalid_scope'],
  [`${ISSUER} | -`, `${ISSUER}: users:read keys:read`, `${ISSUER}: users:read keys:read`],
  [`${ISSUER}/ | users:read`, `${ISSUER}: users:read`, `${ISSUER}: users:read`],
  [`${ISSUER} | tasks:read`, 'invalid_scope', 'invalid_scope'],
  [`${ISSUER} | users:read tasks:read`, 'invalid_scope', 'invalid_scope'],
  ['latchkey | -', 'latchkey: tasks:read bills:pay', 'latchkey: tasks:read bills:pay'],
  ['latchkey/ | -', 'latchkey: tasks:read bills:pay', 'latchkey: tasks:read bills:pay'],
  ['latchkey | users:read', 'invalid_scope', 'invalid_scope'],
  ['other | -', 'other: tasks:read bills:pay', 'other: tasks:read bills:pay'],
  [`${TASKS} | -`, `${TASKS}: tasks:read`, `${TASKS}: tasks:read`],
  [`${TASKS}/ | tasks:read`, `${TASKS}: tasks:read`, `${TASKS}: tasks:read`],
  [`${TASKS} | tasks:write`, `${TASKS}:`, 'invalid_scope'],
  [`${TASKS} | bills:pay`, 'invalid_scope', 'invalid_scope'],
  [`${TASKS} | users:read`, 'invalid_scope', 'invalid_scope'],
  [`${BILLING} | -`, `${BILLING}: tasks:read bills:pay`, `${BILLING}: tasks:read bills:pay`],
  [`${TASKS}// | -`, 'invalid_target', 'invalid_target'],
  [`${TASKS}/x | -`, 'invalid_target', 'invalid_target'],
  ['Latchkey | -', 'invalid_target', 'invalid_target'],
  ['unheard-of | users:read', 'invalid_target', 'invalid_target'],
  [' | -', 'invalid_target', 'invalid_target'],
];

describe('a token', () => {
  it.each(CASES)('asked for by %s is for a user %s and for a client %s', (request, user, client) => {
    expect(granted(request, { kind: 'user', scopes: ALL })).toBe(user);
    expect(granted(request, { kind: 'client', scopes: ALL })).toBe(client);
  });

  it.each([
    ['of the service alone', OF_SERVICE, `${ISSUER}: users:read keys:read`],
    ['of applications alone', OF_APPLICATIONS, 'latchkey: tasks:read bills:pay'],
    ['of none', [], 'latchkey:'],
  ])('of a client with scopes %s is for their audience if nothing is asked', (_, scopes, expected) => {
    expect(granted('- | -', { kind: 'client', scopes })).toBe(expected);
  });

  it('of a user with scopes of the service alone is for the default application if nothing is asked', () => {
    expect(granted('- | -', { kind: 'user', scopes: OF_SERVICE })).toBe('latchkey:');
  });
});

describe('a session', () => {
  const resumed = (audience: string | null, scope: string | null): string =>
    outcome(() => resolveGrant(audiences, { resource: audience, scope }, { kind: 'user', scopes: ALL }));

  it.each([
    ['that asked for nothing', null, 'latchkey: tasks:read bills:pay'],
    ['that asked for scopes of the service alone', 'users:read', `${ISSUER}: users:read`],
    ['that asked for scopes of both', 'users:read tasks:read', 'latchkey: tasks:read'],
  ])('of a version without audiences %s goes on, and nothing widens', (_, scope, expected) => {
    expect(resumed(null, scope)).toBe(expected);
  });

  it('keeps the scopes that its resource still has', () => {
    expect(resumed(TASKS, 'tasks:read bills:pay')).toBe(`${TASKS}: tasks:read`);
  });

  it('ends with its audience', () => {
    expect(resumed('https://gone.example.org', null)).toBe('invalid_target');
  });
});

describe('the scope claim', () => {
  const holderOf = (bytes: number): Holder => ({ kind: 'user', scopes: ['a'.repeat(bytes - 2), 'b'] });
  const claimOf = (holder: Holder): string =>
    resolveGrant(audiences, { resource: null, scope: null }, holder).scope;

  it('takes at most 3,072 bytes, spaces included', () => {
    expect(claimOf(holderOf(3072))).toHaveLength(3072);
    expect(() => claimOf(holderOf(3073))).toThrow(expect.objectContaining({ code: 'scopes_too_large' }));
  });
});

describe('the audience of a claim', () => {
  it.each([
    ['latchkey', 'latchkey'],
    [ISSUER, ISSUER],
    [`${ISSUER}/`, undefined],
    [['elsewhere', 'other'], 'other'],
    [[ISSUER, 'latchkey'], 'latchkey'],
    [[ISSUER, 'elsewhere'], ISSUER],
    [['elsewhere'], undefined],
  ])('%j is %s', (aud, expected) => {
    expect(audiences.ofClaim(aud)?.identifier).toBe(expected);
  });
});
