import { Inject, Injectable } from '@nestjs/common';
import { createHmac, randomBytes, timingSafeEqual, type KeyObject } from 'node:crypto';
import { KEY_CONFIG, TOKEN_CONFIG, type KeyConfig, type TokenConfig } from '../platform/config/config.js';
import type { Cookie } from '../platform/http/cookies.js';
import { Clock } from '../platform/kernel/clock.js';
import { rootSecrets } from '../platform/secrets/root-secret.js';

/** The name of the device cookie. */
export const DEVICE_COOKIE = 'latchkey_device';
const YEAR_SECONDS = 365 * 86_400;
const NONCE_BYTES = 12;

/** A user, and the version of the device cookies that count. */
export interface DeviceOwner {
  readonly userId: string;
  readonly deviceVersion: number;
}

/**
 * Issues and checks the device cookie, which is signed and says that a user logged in from a browser. It grants no
 * access: wrong passwords from a known device have a budget of their own, so that strangers cannot lock the owner out.
 * Each cookie has a nonce, so that a stolen one uses up no budget but its own, and the version of its user's cookies, which
 * rises with a change of the password, a logout everywhere and the end of the account's use.
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
  cookieFor({ userId, deviceVersion }: DeviceOwner): Cookie {
    const nonce = randomBytes(NONCE_BYTES).toString('base64url');
    const content = `${userId}.${deviceVersion}.${nonce}.${this.clock.seconds()}`;
    const value = `${content}.${this.sign(content)}`;
    return { name: DEVICE_COOKIE, value, maxAgeSeconds: YEAR_SECONDS, secure: this.secure };
  }

  /**
   * The id of the device, if the value of its cookie proves that the user logged in from it within the last year and the
   * user's cookies were not voided since.
   */
  deviceOf(value: string | undefined, { userId, deviceVersion }: DeviceOwner): string | undefined {
    if (value === undefined) return undefined;
    const at = value.lastIndexOf('.');
    const content = value.slice(0, at);
    const [user, version, nonce, issuedAt, ...rest] = content.split('.');
    if (user !== userId || version !== String(deviceVersion) || rest.length > 0) return undefined;
    if (!this.isSigned(content, value.slice(at + 1))) return undefined;
    return this.clock.seconds() - Number(issuedAt) < YEAR_SECONDS ? nonce : undefined;
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
