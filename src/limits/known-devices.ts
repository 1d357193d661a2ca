import { Inject, Injectable } from '@nestjs/common';
import { createHmac, timingSafeEqual, type KeyObject } from 'node:crypto';
import { KEY_CONFIG, TOKEN_CONFIG, type KeyConfig, type TokenConfig } from '../platform/config/config.js';
import type { Cookie } from '../platform/http/cookies.js';
import { Clock } from '../platform/kernel/clock.js';
import { rootSecrets } from '../platform/secrets/root-secret.js';

/** The name of the device cookie. */
export const DEVICE_COOKIE = 'latchkey_device';
const YEAR_SECONDS = 365 * 86_400;

/**
 * Issues and checks the device cookie, which is signed and says that a user logged in from a browser. It grants no
 * access: wrong passwords from a known device have a budget of their own, so that strangers cannot lock the owner out.
 */
@Injectable()
export class KnownDevices {
  private readonly current: KeyObject;
  /** The current key, then those of former secrets. */
  private readonly keys: readonly KeyObject[];
  private readonly secure: boolean;

  constructor(
    private readonly clock: Clock,
    @Inject(KEY_CONFIG) config: KeyConfig,
    @Inject(TOKEN_CONFIG) { issuer }: TokenConfig,
  ) {
    const [current, ...former] = rootSecrets(config);
    this.current = current.key('deviceCookies');
    this.keys = [this.current, ...former.map((root) => root.key('deviceCookies'))];
    this.secure = issuer.startsWith('https:');
  }

  /** The cookie for a browser whose user has just logged in. */
  cookieFor(userId: string): Cookie {
    const content = `${userId}.${this.clock.seconds()}`;
    const value = `${content}.${this.sign(content)}`;
    return { name: DEVICE_COOKIE, value, maxAgeSeconds: YEAR_SECONDS, secure: this.secure };
  }

  /** Whether the value of a device cookie proves that the user logged in from this browser within the last year. */
  isKnown(value: string | undefined, userId: string): boolean {
    if (value === undefined) return false;
    const at = value.lastIndexOf('.');
    const content = value.slice(0, at);
    const [user, issuedAt] = content.split('.');
    if (user !== userId || !this.isSigned(content, value.slice(at + 1))) return false;
    return this.clock.seconds() - Number(issuedAt) < YEAR_SECONDS;
  }

  private sign(content: string, key = this.current): string {
    return createHmac('sha256', key).update(content).digest('base64url');
  }

  private isSigned(content: string, signature: string): boolean {
    const given = Buffer.from(signature);
    return this.keys.some((key) => {
      const right = Buffer.from(this.sign(content, key));
      return right.length === given.length && timingSafeEqual(right, given);
    });
  }
}
