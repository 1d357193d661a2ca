import { Inject, Injectable } from '@nestjs/common';
import { createHmac, createSecretKey, hkdfSync, timingSafeEqual, type KeyObject } from 'node:crypto';
import { KEY_CONFIG, TOKEN_CONFIG, type KeyConfig, type TokenConfig } from '../platform/config/config.js';
import { secretMaterials } from '../platform/config/secret-materials.js';
import { Clock } from '../platform/kernel/clock.js';

const COOKIE = 'latchkey_device';
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
    const [current, ...others] = secretMaterials(config);
    this.current = derived(current);
    this.keys = [this.current, ...others.map(derived)];
    this.secure = issuer.startsWith('https:');
  }

  /** The `Set-Cookie` value for a browser whose user has just logged in. */
  cookieFor(userId: string): string {
    const content = `${userId}.${this.clock.seconds()}`;
    const attributes = ['Path=/', `Max-Age=${YEAR_SECONDS}`, 'HttpOnly', 'SameSite=Lax'];
    if (this.secure) attributes.push('Secure');
    return [`${COOKIE}=${content}.${this.sign(content)}`, ...attributes].join('; ');
  }

  /** Whether a `Cookie` header proves that the user logged in from this browser within the last year. */
  isKnown(cookies: string | undefined, userId: string): boolean {
    return cookiesNamed(COOKIE, cookies).some((value) => {
      const at = value.lastIndexOf('.');
      const content = value.slice(0, at);
      const [user, issuedAt] = content.split('.');
      if (user !== userId || !this.isSigned(content, value.slice(at + 1))) return false;
      return this.clock.seconds() - Number(issuedAt) < YEAR_SECONDS;
    });
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

function derived(material: string | Buffer): KeyObject {
  return createSecretKey(Buffer.from(hkdfSync('sha256', material, '', 'latchkey known device', 32)));
}

function cookiesNamed(name: string, cookies = ''): string[] {
  const pairs = cookies.split(';').map((pair) => pair.trim());
  return pairs.filter((pair) => pair.startsWith(`${name}=`)).map((pair) => pair.slice(name.length + 1));
}
