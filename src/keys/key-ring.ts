import { Inject, Injectable } from '@nestjs/common';
import type { JsonWebKey } from 'node:crypto';
import { KEY_CONFIG, type KeyConfig } from '../platform/config/config.js';
import { AppError } from '../platform/kernel/app-error.js';
import { Clock, SystemClock } from '../platform/kernel/clock.js';
import { isPublished, keyState, type KeyState, type KeyTimes } from './key-rotation.policy.js';
import {
  privateSigningKey,
  publicJwk,
  secretSigningKey,
  type CurrentKey,
  type SigningKey,
} from './signing-key.js';

/** A key of the ring with the times that make up its state. */
export type RingKey = SigningKey & KeyTimes;

/**
 * The keys of the service in memory, by `kid`: one signs, all verify. Everything that signs or verifies asks here and
 * nowhere else, so that no request waits for a key. Holds the keys of the settings from the start, and those of the
 * database as KeyRotation loads them.
 */
@Injectable()
export class KeyRing {
  private readonly ofSettings: readonly SigningKey[];
  private held: ReadonlyMap<string, RingKey> = new Map();

  constructor(
    @Inject(KEY_CONFIG) config: KeyConfig,
    private readonly clock: Clock = new SystemClock(),
  ) {
    this.ofSettings = keysOfSettings(config);
  }

  /** Takes over what the database says, oldest first. */
  hold(keys: readonly RingKey[]): void {
    this.held = new Map(keys.map((key) => [key.kid, key]));
  }

  /**
   * The key that signs new tokens: the active one, or where this instance has no means to sign with that (its settings
   * are older or newer than those of another), the last one it can sign with, which still verifies.
   * @throws AppError `unavailable` where there is none
   */
  current(): CurrentKey {
    const now = this.clock.now();
    let current: SigningKey | undefined;
    for (const key of this.held.values()) {
      const usable = key.signWith && !key.compromised && ['active', 'retiring'].includes(keyState(key, now));
      if (usable) current = key;
    }
    current ??= this.ofSettings.find(({ signWith }) => signWith !== undefined);
    if (current?.signWith === undefined)
      throw new AppError('unavailable', { diagnosis: { cause: 'no key signs' } });
    return current as CurrentKey;
  }

  /** The key a token names, while a token of it may still be alive. */
  find(kid: string): SigningKey | undefined {
    const held = this.held.get(kid);
    const gone = held !== undefined && keyState(held, this.clock.now()) === 'gone';
    if (held && !gone) return held;
    if (held?.compromised) return undefined;
    // A secret that the settings still name verifies for as long as they do.
    return this.ofSettings.find((key) => key.kid === kid);
  }

  /** The keys of the database that are not gone, with what they do now. */
  states(): Array<{ readonly key: RingKey; readonly state: KeyState }> {
    const now = this.clock.now();
    const states = [...this.held.values()].map((key) => ({ key, state: keyState(key, now) }));
    return states.filter(({ state }) => state !== 'gone');
  }

  /** RFC 7517 section 5: every public key a verifier may need; empty where the algorithm is symmetric. */
  published(): { keys: JsonWebKey[] } {
    const now = this.clock.now();
    const held = [...this.held.values()].filter((key) => isPublished(key, now));
    const rest = this.ofSettings.filter(({ kid }) => !this.held.has(kid));
    return { keys: [...held, ...rest].map(publicJwk).filter((jwk) => jwk !== undefined) };
  }
}

/** The key that signs first, then secrets that only verify. */
function keysOfSettings({ algorithm, secret, previousSecrets, pinnedKey }: KeyConfig): SigningKey[] {
  if (pinnedKey) return [privateSigningKey(pinnedKey, algorithm)];
  if (!algorithm.startsWith('HS')) return [];
  const previous = previousSecrets.map((text) => secretSigningKey(text, algorithm, true));
  return secret === undefined ? previous : [secretSigningKey(secret, algorithm), ...previous];
}
