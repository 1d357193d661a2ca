import { Inject, Injectable } from '@nestjs/common';
import type { JsonWebKey } from 'node:crypto';
import { KEY_CONFIG, type Algorithm, type KeyConfig } from '../platform/config/config.js';
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

/** A key of the ring with the times that determine its state. */
export type RingKey = SigningKey & KeyTimes;

/** Which key signs, and which one from when on. */
export interface SigningPlan {
  readonly kid: string;
  readonly algorithm: Algorithm;
  /** When the next key begins to sign, in milliseconds since the Unix epoch; absent if none is planned. */
  readonly until?: number;
  readonly next?: { readonly kid: string; readonly algorithm: Algorithm };
}

/**
 * The service's keys in memory, by `kid`: one signs, all verify. Signing and verifying use this ring alone, so that no
 * request waits for the database. The ring has the keys of the settings from the start, and the keys of the database as
 * KeyRotation loads them.
 */
@Injectable()
export class KeyRing {
  private readonly fromSettings: readonly SigningKey[];
  private fromDatabase: ReadonlyMap<string, RingKey> = new Map();

  constructor(
    @Inject(KEY_CONFIG) config: KeyConfig,
    private readonly clock: Clock = new SystemClock(),
  ) {
    this.fromSettings = keysOfSettings(config);
  }

  /** Replaces the keys of the database. @param keys every key, oldest first */
  hold(keys: readonly RingKey[]): void {
    this.fromDatabase = new Map(keys.map((key) => [key.kid, key]));
  }

  /**
   * The key that signs new tokens: the active key. If this instance cannot sign with that key, because its settings differ
   * from another instance's, the newest key that it can sign with and that still verifies.
   * @throws AppError `unavailable` if there is no such key
   */
  current(): CurrentKey {
    const now = this.clock.now();
    let current: SigningKey | undefined;
    for (const key of this.fromDatabase.values()) {
      const usable = key.signWith && !key.compromised && ['active', 'retiring'].includes(keyState(key, now));
      if (usable) current = key;
    }
    current ??= this.fromSettings.find(({ signWith }) => signWith !== undefined);
    if (current?.signWith === undefined)
      throw new AppError('unavailable', { diagnosis: { cause: 'no key signs' } });
    return current as CurrentKey;
  }

  /** The key that signs, until when, and its successor. @throws AppError as {@link current} */
  plan(): SigningPlan {
    const { kid, algorithm } = this.current();
    const until = this.fromDatabase.get(kid)?.activeUntil ?? undefined;
    const next = this.states().find(({ key, state }) => state === 'next' && !key.compromised)?.key;
    const isPlanned = until !== undefined && next !== undefined;
    return {
      kid,
      algorithm,
      ...(isPlanned && { until, next: { kid: next.kid, algorithm: next.algorithm } }),
    };
  }

  /** The key of this `kid`; undefined once every token it signed has expired. */
  find(kid: string): SigningKey | undefined {
    const held = this.fromDatabase.get(kid);
    const gone = held !== undefined && keyState(held, this.clock.now()) === 'gone';
    if (held && !gone) return held;
    if (held?.compromised) return undefined;
    // A secret verifies for as long as the settings name it.
    return this.fromSettings.find((key) => key.kid === kid);
  }

  /** The keys of the database that are not gone, with their states. */
  states(): Array<{ readonly key: RingKey; readonly state: KeyState }> {
    const now = this.clock.now();
    const states = [...this.fromDatabase.values()].map((key) => ({ key, state: keyState(key, now) }));
    return states.filter(({ state }) => state !== 'gone');
  }

  /** The key set of RFC 7517 section 5: every public key a verifier may need; empty for a symmetric algorithm. */
  published(): { keys: JsonWebKey[] } {
    const now = this.clock.now();
    const stored = [...this.fromDatabase.values()].filter((key) => isPublished(key, now));
    const rest = this.fromSettings.filter(({ kid }) => !this.fromDatabase.has(kid));
    return { keys: [...stored, ...rest].map(publicJwk).filter((jwk) => jwk !== undefined) };
  }
}

/** The signing key first, then secrets that only verify. */
function keysOfSettings({ algorithm, secret, previousSecrets, pinnedKey }: KeyConfig): SigningKey[] {
  if (pinnedKey) return [privateSigningKey(pinnedKey, algorithm)];
  if (!algorithm.startsWith('HS')) return [];
  const previous = previousSecrets.map((text) => secretSigningKey(text, algorithm, true));
  return secret === undefined ? previous : [secretSigningKey(secret, algorithm), ...previous];
}
