import { Injectable } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import { bearerTokenOf } from '@latchkey/token-rules';
import { Audiences } from '../access/audiences.js';
import { parseScope } from '../access/scopes.js';
import { RevocationFeed } from '../revocation/revocation.feed.js';
import { TokenService, type VerifiedToken } from './token.service.js';

/** The headers of `GET /auth/verify` that name the bearer of a token. */
export interface Identity {
  readonly 'x-auth-user': string;
  readonly 'x-auth-client': string;
  readonly 'x-auth-scope': string;
  readonly 'x-auth-session': string;
}

/** The cache behind `GET /auth/verify`: proxies call it for each of their requests, mostly with the same tokens. */
@Injectable()
export class ForwardAuth {
  private readonly identities = new WeakMap<VerifiedToken<'access'>, readonly string[]>();

  constructor(
    private readonly tokens: TokenService,
    private readonly feed: RevocationFeed,
    private readonly audiences: Audiences,
  ) {}

  /**
   * The {@link Identity} of the request's bearer token as alternating header names and values, if the token was
   * verified lately, is for an application, has not expired and is not revoked. Undefined means that the route must check the token.
   */
  recall(request: Pick<IncomingMessage, 'headers' | 'rawHeaders'>): readonly string[] | undefined {
    const token = bearerTokenOf(request);
    const known = typeof token === 'string' ? this.tokens.recall(token) : undefined;
    if (!known || this.feed.stale || this.feed.find(known.claims, known.kid)) return undefined;
    if (this.audiences.ofClaim(known.claims.aud)?.kind !== 'application') return undefined;
    return this.identities.get(known) ?? this.identify(known);
  }

  private identify(known: VerifiedToken<'access'>): readonly string[] {
    const { sub, client_id: client, scope, sid } = known.claims;
    const principal = { subject: sub, clientId: client, scopes: parseScope(scope) ?? [], sid };
    const identity = Object.entries(identityOf(principal)).flat() as string[];
    this.identities.set(known, identity);
    return identity;
  }
}

/** All headers, always: some proxies pass on a header of the client's request where the answer lacks it. */
export function identityOf(principal: {
  readonly subject: string;
  readonly clientId: string;
  readonly scopes: Iterable<string>;
  readonly sid: string;
}): Identity {
  return {
    'x-auth-user': principal.subject,
    'x-auth-client': principal.clientId,
    'x-auth-scope': [...principal.scopes].join(' '),
    'x-auth-session': principal.sid,
  };
}
