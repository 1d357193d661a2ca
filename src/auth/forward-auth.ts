import { Injectable } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import { bearerTokenOf } from '@latchkey/token-rules';
import { parseScope } from '../access/scopes.js';
import { RevocationFeed } from '../revocation/revocation.feed.js';
import { TokenService, type VerifiedToken } from './token.service.js';

/** Whom a proxy's request comes from, as `GET /auth/verify` answers it. */
export interface Identity {
  readonly 'x-auth-user': string;
  readonly 'x-auth-client': string;
  readonly 'x-auth-scope': string;
  readonly 'x-auth-session': string;
}

/** The short way of `GET /auth/verify`: proxies ask it for each of their requests, mostly about the same tokens. */
@Injectable()
export class ForwardAuth {
  private readonly identities = new WeakMap<VerifiedToken<'access'>, readonly string[]>();

  constructor(
    private readonly tokens: TokenService,
    private readonly feed: RevocationFeed,
  ) {}

  /**
   * Whom the bearer token of a request belongs to, where that token was verified lately, has not expired and is not
   * revoked: names and values of its headers in turn. Undefined says nothing but that the route has to look: it finds
   * out why, and refuses in its own words.
   */
  recall(request: Pick<IncomingMessage, 'headers' | 'rawHeaders'>): readonly string[] | undefined {
    const token = bearerTokenOf(request);
    const known = typeof token === 'string' ? this.tokens.recall(token) : undefined;
    if (!known || this.feed.stale || this.feed.find(known.claims, known.kid)) return undefined;
    return this.identities.get(known) ?? this.identify(known);
  }

  private identify(known: VerifiedToken<'access'>): readonly string[] {
    const { sub, client_id: client, scope, sid } = known.claims;
    const whose = { subject: sub, clientId: client, scopes: parseScope(scope) ?? [], sid };
    const identity = Object.entries(identityOf(whose)).flat() as string[];
    this.identities.set(known, identity);
    return identity;
  }
}

/** Always all of the headers: some proxies let one of the asker's own through where the answer has none. */
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
