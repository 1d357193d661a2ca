import { AppError } from '../platform/kernel/app-error.js';
import { isServiceScope, parseScope } from './scopes.js';
import { assertFitsToken } from './token-scopes.js';

/** This service's own API, whose tokens carry scopes of the service alone. */
export interface ServiceAudience {
  readonly kind: 'service';
  /** The `aud` of its tokens: `JWT_ISSUER`. */
  readonly identifier: string;
}

/** An application, whose tokens carry scopes of applications alone. */
export interface ApplicationAudience {
  readonly kind: 'application';
  /** The `aud` of its tokens. */
  readonly identifier: string;
  /** The scopes that its tokens may carry; empty for every application scope. */
  readonly scopes: ReadonlySet<string>;
}

/** The one party that a token is for (RFC 8707, RFC 9700 section 2.3). */
export type Audience = ServiceAudience | ApplicationAudience;

/** The audiences that tokens can be issued for. */
export interface AudienceTable {
  readonly service: ServiceAudience;
  /** The application of requests that name neither a resource nor a scope. */
  readonly standard: ApplicationAudience;
  /** The audience of this identifier; a lone trailing slash is ignored. */
  find(identifier: string): Audience | undefined;
}

/** The parts of a request that choose its audience and scopes; null where they are absent. */
export interface Asked {
  /** The identifier of an audience (RFC 8707 section 2). */
  readonly resource: string | null;
  /** Space-separated (RFC 6749 section 3.3). */
  readonly scope: string | null;
}

export const ASKED_NOTHING: Asked = { resource: null, scope: null };

/** The party that gets a token, and every scope it has. A user may ask for more and gets what they have. */
export interface Holder {
  readonly kind: 'user' | 'client';
  readonly scopes: readonly string[];
}

/** An audience with scopes that go with it. Only {@link resolveGrant} makes one, so no token mixes two audiences. */
export class AccessGrant {
  private constructor(
    readonly audience: Audience,
    readonly scopes: readonly string[],
  ) {}

  /** The scopes among `held` that the audience admits and `asked` names; without `asked`, all that it admits. */
  static of(audience: Audience, held: readonly string[], asked: readonly string[] | undefined): AccessGrant {
    const isAsked = (scope: string): boolean => asked?.includes(scope) ?? true;
    return new AccessGrant(
      audience,
      held.filter((scope) => admits(audience, scope) && isAsked(scope)),
    );
  }

  /** The `scope` claim. @throws AppError `scopes_too_large` */
  get scope(): string {
    assertFitsToken(this.scopes);
    return this.scopes.join(' ');
  }

  /**
   * RFC 6749 section 6: a refresh may ask for less than was granted, never for more. Null changes nothing.
   * @throws AppError `invalid_scope`
   */
  narrowed(scope: string | null): AccessGrant {
    if (scope === null) return this;
    const names = namesIn(scope);
    if (!names.every((name) => this.scopes.includes(name))) throw new AppError('invalid_scope');
    return new AccessGrant(this.audience, names);
  }
}

/**
 * The audience that a request asks for.
 * @throws AppError `invalid_target` for an unknown resource; `invalid_scope` where the scope is malformed, or names a
 * scope that the audience does not have
 */
export function audienceOf(table: AudienceTable, { resource, scope }: Asked): Audience {
  const names = scope === null ? [] : namesIn(scope);
  const audience = choose(table, resource, names);
  if (!names.every((name) => admits(audience, name))) {
    throw new AppError('invalid_scope', {
      detail: 'The requested scopes are of more than one audience; ask for those of one at a time',
    });
  }
  return audience;
}

/**
 * The audience and scopes of a token, from what is asked for and what its holder has: the one way to an
 * {@link AccessGrant}, for logins, refreshes and the grants of the token endpoint.
 * @throws AppError `invalid_target`; `invalid_scope` where the scope is malformed, or a client asks for one it lacks
 */
export function resolveGrant(table: AudienceTable, { resource, scope }: Asked, holder: Holder): AccessGrant {
  const names = scope === null ? undefined : namesIn(scope);
  const isClient = holder.kind === 'client';
  // A client's scopes name its audience, since it has no other way to say what it is for.
  const audience = choose(table, resource, names ?? (isClient ? holder.scopes : []));
  const grant = AccessGrant.of(audience, holder.scopes, names);
  const isMissing = (name: string): boolean => !grant.scopes.includes(name);
  if (isClient && names?.some(isMissing)) throw new AppError('invalid_scope');
  return grant;
}

/** The audience that a session remembers; undefined where it is gone. */
export function audienceOfSession(
  table: AudienceTable,
  { audience, requestedScope }: { readonly audience: string | null; readonly requestedScope: string | null },
): Audience | undefined {
  return audience === null ? choose(table, null, namesIn(requestedScope ?? '')) : table.find(audience);
}

/** Without a resource: the service where every scope is one of its scopes, else the default application. */
function choose(table: AudienceTable, resource: string | null, names: readonly string[]): Audience {
  if (resource !== null) {
    const audience = table.find(resource);
    if (!audience) throw new AppError('invalid_target');
    return audience;
  }
  return names.length > 0 && names.every(isServiceScope) ? table.service : table.standard;
}

function admits(audience: Audience, scope: string): boolean {
  if (audience.kind === 'service') return isServiceScope(scope);
  return !isServiceScope(scope) && (audience.scopes.size === 0 || audience.scopes.has(scope));
}

function namesIn(scope: string): string[] {
  const names = parseScope(scope);
  if (!names) throw new AppError('invalid_scope');
  return names;
}
