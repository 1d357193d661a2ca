import { scopeChallenge } from '@latchkey/token-rules';
import { sameAudience } from '../platform/config/urls.js';
import { AppError } from '../platform/kernel/app-error.js';
import { FIRST_PARTY, type Principal } from './principal.js';

/** @throws AppError `insufficient_scope` where one of `required` is not held; all of them are named */
export function assertScopes(held: ReadonlySet<string>, required: readonly string[]): void {
  if (required.every((scope) => held.has(scope))) return;
  throw new AppError('insufficient_scope', {
    headers: { 'www-authenticate': scopeChallenge(required) },
  });
}

/**
 * Admits tokens for this service alone.
 * @param issuer the audience of this service
 * @throws AppError `insufficient_scope` for a login's token for an application, saying how to ask for one for the service;
 * `token_wrong_audience` for a client's
 */
export function assertForService(
  { audience, clientId }: Principal,
  required: readonly string[],
  issuer: string,
): void {
  if (audience.kind === 'service') return;
  if (clientId !== FIRST_PARTY) throw wrongAudience(issuer, audience.identifier);
  const scope = required.length > 0 ? ` with "scope": "${required.join(' ')}", or` : '';
  throw new AppError('insufficient_scope', {
    detail:
      `This token is for the application ${audience.identifier}. Ask for a token for this service: log in${scope} ` +
      `with "resource": "${issuer}"`,
    headers: { 'www-authenticate': scopeChallenge(required) },
  });
}

/** @throws AppError `token_wrong_audience` unless the token is for an application */
export function assertForApplication({ audience }: Principal): void {
  if (audience.kind !== 'application') throw wrongAudience('an application', audience.identifier);
}

/** @throws AppError `token_wrong_audience` unless the token is for this audience */
export function assertAudience({ audience }: Principal, identifier: string): void {
  if (!sameAudience(audience.identifier, identifier)) throw wrongAudience(identifier, audience.identifier);
}

function wrongAudience(expected: string, received: string): AppError {
  return new AppError('token_wrong_audience', { diagnosis: { cause: 'wrong audience', expected, received } });
}
