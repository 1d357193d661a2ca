import { boundedFetch } from './bounded-fetch.js';
import type { VerifierClock } from './clock.js';
import { keyOfJwk, secretVerificationKey, type Algorithm, type VerificationKey } from './signatures.js';

/** The shortest time between two requests caused by unknown key ids, in milliseconds. */
export const COOL_DOWN_MS = 10_000;
/** The same while the key set is incomplete: the last request failed, or its answer still held a dropped key. */
export const RETRY_MS = 1000;
/** The lifetime of a key set without `max-age`, in seconds. */
const DEFAULT_MAX_AGE = 300;
const MAX_BYTES = 256 * 1024;

/** The keys that a verifier knows. */
export interface Keys {
  get(kid: string): VerificationKey | undefined;
  /** Fetches the keys unless that was done a moment ago. @returns whether the key set is complete */
  refreshIfDue(): Promise<boolean>;
  /** Fetches the keys. */
  refresh(): Promise<void>;
  /** Records that a key was dropped for good. The key set is incomplete until an answer arrives without that key. */
  drop(kid: string): Promise<void>;
}

/** Keys from shared secrets; they are never fetched. */
export class SecretKeys implements Keys {
  private readonly keys: ReadonlyMap<string, VerificationKey>;

  constructor(secrets: readonly string[], algorithm: Algorithm) {
    const keys = secrets.map((secret) => secretVerificationKey(secret, algorithm));
    this.keys = new Map(keys.map((key) => [key.kid, key]));
  }

  get(kid: string): VerificationKey | undefined {
    return this.keys.get(kid);
  }

  refreshIfDue(): Promise<boolean> {
    return Promise.resolve(true);
  }

  refresh(): Promise<void> {
    return Promise.resolve();
  }

  drop(): Promise<void> {
    return Promise.resolve();
  }
}

/**
 * The keys of a JWKS (RFC 7517), fetched
 * - in the background after half of its max-age, so that a new key is known before it signs;
 * - when a token names an unknown key, at most once in ten seconds, so that invented key ids cause no load.
 *
 * When a fetch fails the known keys stay in use. An answer that still holds a dropped key is outdated, from a cache or
 * from an instance that has not heard of the change; the successor may be missing, so it counts as a failed fetch.
 */
export class RemoteKeys implements Keys {
  private keys: ReadonlyMap<string, VerificationKey> = new Map();
  private renewAt = 0;
  private triedAt: number | undefined;
  private isComplete = false;
  private running: Promise<void> | undefined;
  private next: Promise<void> | undefined;
  private readonly dropped = new Set<string>();

  constructor(
    private readonly url: string,
    private readonly clock: VerifierClock,
    private readonly report: (error: unknown) => void,
  ) {}

  get(kid: string): VerificationKey | undefined {
    const key = this.keys.get(kid);
    if (key && this.clock.elapsed() >= this.renewAt) void this.refreshIfDue();
    return key;
  }

  async refreshIfDue(): Promise<boolean> {
    const sinceTried = this.clock.elapsed() - (this.triedAt ?? -Infinity);
    const pending = this.next ?? this.running;
    if (pending) await pending;
    else if (sinceTried >= (this.isComplete ? COOL_DOWN_MS : RETRY_MS)) await this.refresh();
    return this.isComplete;
  }

  /** Sends one request at a time. A running request may have been answered earlier, so another one follows it. */
  refresh(): Promise<void> {
    if (this.next) return this.next;
    if (!this.running) return this.begin();
    this.next = this.running.then(() => {
      this.next = undefined;
      return this.begin();
    });
    return this.next;
  }

  drop(kid: string): Promise<void> {
    // The feed may deliver a row twice.
    if (this.dropped.has(kid)) return Promise.resolve();
    this.dropped.add(kid);
    this.isComplete = false;
    return this.refresh();
  }

  private begin(): Promise<void> {
    this.running = this.fetch().finally(() => {
      this.running = undefined;
    });
    return this.running;
  }

  private async fetch(): Promise<void> {
    this.triedAt = this.clock.elapsed();
    try {
      // RFC 9111 section 5.2.1.4: caches on the way must ask Latchkey again.
      const headers = { accept: 'application/jwk-set+json, application/json', 'cache-control': 'no-cache' };
      const answer = await boundedFetch(this.url, { headers }, { maxBytes: MAX_BYTES });
      if (answer.status !== 200) throw new Error(`${this.url} answered ${answer.status}`);
      this.keys = keysOf(answer.text, this.url);
      if ([...this.dropped].some((kid) => this.keys.has(kid))) {
        throw new Error(
          `${this.url} still holds a dropped key: a cache or an instance of the service is behind`,
        );
      }
      this.renewAt = this.clock.elapsed() + (maxAgeOf(answer.headers) * 1000) / 2;
      this.isComplete = true;
    } catch (error) {
      this.isComplete = false;
      this.renewAt = 0;
      this.report(error);
    }
  }
}

function keysOf(text: string, url: string): ReadonlyMap<string, VerificationKey> {
  const { keys } = JSON.parse(text) as { keys?: unknown };
  if (!Array.isArray(keys)) throw new Error(`${url} answered without a key set (RFC 7517)`);
  const known = keys.map(keyOfJwk).filter((key) => key !== undefined);
  if (known.length === 0) {
    throw new Error(
      `${url} holds no key that can verify: where Latchkey signs with a shared secret (HS256, HS384, HS512), give the ` +
        'verifier that secret as secretKey',
    );
  }
  return new Map(known.map((key) => [key.kid, key]));
}

function maxAgeOf(headers: Headers): number {
  const given = /(?:^|[ ,])max-age=(\d{1,9})/.exec(headers.get('cache-control') ?? '')?.[1];
  return given === undefined ? DEFAULT_MAX_AGE : Number(given);
}
