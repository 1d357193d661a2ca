import { Inject, Injectable } from '@nestjs/common';
import { createHmac, type KeyObject } from 'node:crypto';
import { KEY_CONFIG, type KeyConfig } from '../platform/config/config.js';
import { rootSecrets, type RootSecret } from '../platform/secrets/root-secret.js';
import { eventText, type AuditEvent, type SignedEvent } from './audit-event.js';

interface AuditKey {
  readonly id: string;
  readonly events: KeyObject;
  readonly seals: KeyObject;
}

const ID_LENGTH = 22;

/**
 * The keys that sign the audit log (HMAC-SHA-256), derived from the root secret. The database holds none of them. Former
 * root secrets still verify.
 */
@Injectable()
export class AuditKeys {
  private readonly current: AuditKey;
  private readonly byId: ReadonlyMap<string, AuditKey>;

  constructor(@Inject(KEY_CONFIG) config: KeyConfig) {
    const [current, ...others] = rootSecrets(config);
    this.current = derived(current);
    this.byId = new Map([...others.map(derived), this.current].map((key) => [key.id, key]));
  }

  /** Whether this instance can check signatures of this key. */
  knows(id: string): boolean {
    return this.byId.has(id);
  }

  sign(event: AuditEvent): SignedEvent {
    return { ...event, signature: hmac(this.current.events, eventText(event)), signedBy: this.current.id };
  }

  /** Whether the event was signed, exactly as it is, by a known key. */
  verifies(event: SignedEvent): boolean {
    const key = this.byId.get(event.signedBy);
    return key !== undefined && hmac(key.events, eventText(event)).equals(event.signature);
  }

  /** The name of the signing key. The hash of a seal covers it. */
  get currentId(): string {
    return this.current.id;
  }

  signSeal(hash: Buffer): Buffer {
    return hmac(this.current.seals, hash);
  }

  verifiesSeal(seal: {
    readonly hash: Buffer;
    readonly signature: Buffer;
    readonly signedBy: string;
  }): boolean {
    const key = this.byId.get(seal.signedBy);
    return key !== undefined && hmac(key.seals, seal.hash).equals(seal.signature);
  }
}

function derived(root: RootSecret): AuditKey {
  return {
    id: root.key('auditKeyId').export().toString('base64url').slice(0, ID_LENGTH),
    events: root.key('auditEvents'),
    seals: root.key('auditSeals'),
  };
}

function hmac(key: KeyObject, data: string | Buffer): Buffer {
  return createHmac('sha256', key).update(data).digest();
}
