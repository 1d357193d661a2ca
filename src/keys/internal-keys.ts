import { Inject, Injectable } from '@nestjs/common';
import type { TokenType } from '@latchkey/token-rules';
import { KEY_CONFIG, type KeyConfig } from '../platform/config/config.js';
import { rootSecrets, type Purpose, type RootSecret } from '../platform/secrets/root-secret.js';
import type { CurrentKey } from './signing-key.js';

/** The tokens that only this service reads: every kind but access tokens. */
export type InternalTokenType = Exclude<TokenType, 'access'>;

/** A key of one kind of internal token (HS256). */
export type InternalKey = CurrentKey & { readonly kind: InternalTokenType };

const PURPOSES: Readonly<Record<InternalTokenType, Purpose>> = {
  refresh: 'refreshTokens',
  browser: 'browserTokens',
};

/**
 * The keys of internal tokens, derived from the root secret, one for each kind. No other service needs them: a service
 * that holds `SECRET_KEY` to check access tokens can make none of these tokens while `ROOT_SECRET` is another secret.
 */
@Injectable()
export class InternalKeys {
  private readonly byId: ReadonlyMap<string, InternalKey>;
  private readonly signing: Readonly<Record<InternalTokenType, InternalKey>>;

  constructor(@Inject(KEY_CONFIG) config: KeyConfig) {
    const [current, ...former] = rootSecrets(config);
    const kinds = Object.keys(PURPOSES) as InternalTokenType[];
    this.signing = Object.fromEntries(kinds.map((kind) => [kind, internalKey(kind, current)])) as Record<
      InternalTokenType,
      InternalKey
    >;
    const old = former.flatMap((root) => kinds.map((kind) => internalKey(kind, root)));
    this.byId = new Map([...old, ...Object.values(this.signing)].map((key) => [key.kid, key]));
  }

  /** The key that signs tokens of this kind. */
  current(kind: InternalTokenType): InternalKey {
    return this.signing[kind];
  }

  /** The key of this `kid`, under the current root secret or a former one. */
  find(kid: string): InternalKey | undefined {
    return this.byId.get(kid);
  }
}

function internalKey(kind: InternalTokenType, root: RootSecret): InternalKey {
  const key = root.key(PURPOSES[kind]);
  return { kind, kid: root.idOf(PURPOSES[kind]), algorithm: 'HS256', signWith: key, verifyWith: key };
}
