import { boundedFetch } from './bounded-fetch.js';
import type { VerifierClock } from './clock.js';
import { keyOfJwk, secretVerificationKey, type Algorithm, type VerificationKey } from './signatures.js';

/** Unknown key ids make one request in this time at most, however many there are, in milliseconds. */
export const COOL_DOWN_MS = 10_000;
/** The same while what is known is not all there is: the last answer was none, or older than a key that was dropped. */
export const RETRY_MS = 1000;
/** How long a key set is good where its answer does not say, in seconds. */
const DEFAULT_MAX_AGE = 300;
const MAX_BYTES = 256 * 1024;

/** What a verifier knows keys from. */
export interface Keys {
  get(kid: string): VerificationKey | undefined;
  /** Looks for new keys, where that is due. @returns whether what is known now is all there is */
  look(): Promise<boolean>;
  /** Looks for new keys in any case. */
  refresh(): Promise<void>;
  /** A key is gone for good, and another signs at once: what is known is not all there is until an answer has neither. */
  drop(kid: string): Promise<void>;
}

/** Shared secrets: nothing is fetched. */
export class SecretKeys implements Keys {
  private readonly keys: ReadonlyMap<string, VerificationKey>;

  constructor(secrets: readonly string[], algorithm: Algorithm) {
    const keys = secrets.map((secret) => secretVerificationKey(secret, algorithm));
    this.keys = new Map(keys.map((key) => [key.kid, key]));
  }

  get(kid: string): VerificationKey | undefined {
    return this.keys.get(kid);
  }

  look(): Promise<boolean> {
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
 * The keys of a JWKS (RFC 7517). Fetched anew in the background after half of its max-age, so that a key is known before
 * it signs; and where a token names an unknown one, once in ten seconds, so that made-up names make no requests. While
 * it cannot be fetched the keys at hand stay. An answer that still holds a key that was dropped is older than that, from
 * a cache or an instance that was not told yet: its successor may be missing, so it is asked again like one that failed.
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
    if (key && this.clock.elapsed() >= this.renewAt) void this.look();
    return key;
  }

  async look(): Promise<boolean> {
    const sinceTried = this.clock.elapsed() - (this.triedAt ?? -Infinity);
    const asked = this.next ?? this.running;
    if (asked) await asked;
    else if (sinceTried >= (this.isComplete ? COOL_DOWN_MS : RETRY_MS)) await this.refresh();
    return this.isComplete;
  }

  /** One request at a time. What runs already may have been answered before: it is asked once more behind it. */
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
    // Rows may come twice.
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
      // RFC 9111 section 5.2.1.4: no cache in between answers with what it has.
      const headers = { accept: 'application/jwk-set+json, application/json', 'cache-control': 'no-cache' };
      const answer = await boundedFetch(this.url, { headers }, { maxBytes: MAX_BYTES });
      if (answer.status !== 200) throw new Error(`${this.url} answered ${answer.status}`);
      this.keys = keysOf(answer.text, this.url);
      if ([...this.dropped].some((kid) => this.keys.has(kid))) {
        throw new Error(`${this.url} still holds a key that was dropped`);
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
  if (!Array.isArray(keys)) throw new Error(`${url} is no key set (RFC 7517)`);
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
