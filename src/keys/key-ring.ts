import { Inject, Injectable } from '@nestjs/common';
import type { JsonWebKey } from 'node:crypto';
import { KEY_CONFIG, type Algorithm, type KeyConfig } from '../config/config.js';
import {
  privateSigningKey,
  publicJwk,
  secretSigningKey,
  type CurrentKey,
  type SigningKey,
} from './signing-key.js';

/**
 * The keys of the service, by `kid`: one signs, all verify. Everything that signs or verifies asks here and nowhere
 * else, in memory, so that no request waits for a key.
 */
@Injectable()
export class KeyRing {
  private readonly signing: CurrentKey;
  private readonly byKid: ReadonlyMap<string, SigningKey>;

  constructor(@Inject(KEY_CONFIG) config: KeyConfig) {
    const { current, others } = keysOf(config);
    if (current.signWith === undefined) throw new Error('the current key cannot sign');
    this.signing = { ...current, signWith: current.signWith };
    // The current key last: where a previous secret is the current one again, the key that signs wins.
    this.byKid = new Map([...others, this.signing].map((key) => [key.kid, key]));
  }

  /** The key that signs new tokens. */
  current(): CurrentKey {
    return this.signing;
  }

  /** The key a token names, where it may still verify. */
  find(kid: string): SigningKey | undefined {
    return this.byKid.get(kid);
  }

  /** RFC 7517 section 5: every public key a verifier may need; empty where the algorithm is symmetric. */
  published(): { keys: JsonWebKey[] } {
    return { keys: [...this.byKid.values()].map(publicJwk).filter((jwk) => jwk !== undefined) };
  }

  /** The algorithms tokens are signed with now. */
  algorithms(): Algorithm[] {
    return [...new Set([...this.byKid.values()].map(({ algorithm }) => algorithm))];
  }
}

function keysOf(config: KeyConfig): { current: SigningKey; others: SigningKey[] } {
  const { algorithm, secret, previousSecrets, pinnedKey } = config;
  if (pinnedKey) return { current: privateSigningKey(pinnedKey, algorithm), others: [] };
  if (secret === undefined) throw new Error('neither a secret nor a private key is configured');
  return {
    current: secretSigningKey(secret, algorithm),
    others: previousSecrets.map((previous) => secretSigningKey(previous, algorithm, true)),
  };
}
