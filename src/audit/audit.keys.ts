import { Inject, Injectable } from '@nestjs/common';
import { createHmac, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';
import { KEY_CONFIG, type KeyConfig } from '../platform/config/config.js';
import { secretMaterials } from '../platform/config/secret-materials.js';
import { eventText, type AuditEvent, type SignedEvent } from './audit-event.js';

interface AuditKey {
  readonly id: string;
  readonly events: KeyObject;
  readonly seals: KeyObject;
}

const ID_LENGTH = 22;

/**
 * The keys the audit log is signed with (HMAC-SHA-256), derived from `SECRET_KEY` or, where there is none, from the
 * pinned private key. Whoever can write to the database alone has none of them. Previous secrets still verify.
 */
@Injectable()
export class AuditKeys {
  private readonly current: AuditKey;
  private readonly byId: ReadonlyMap<string, AuditKey>;

  constructor(@Inject(KEY_CONFIG) config: KeyConfig) {
    const [current, ...others] = secretMaterials(config);
    this.current = derived(current);
    this.byId = new Map([...others.map(derived), this.current].map((key) => [key.id, key]));
  }

  /** Whether something signed by this key can be checked here. */
  knows(id: string): boolean {
    return this.byId.has(id);
  }

  sign(event: AuditEvent): SignedEvent {
    return { ...event, signature: hmac(this.current.events, eventText(event)), signedBy: this.current.id };
  }

  /** Whether a service with a key we have wrote the event, exactly so. */
  verifies(event: SignedEvent): boolean {
    const key = this.byId.get(event.signedBy);
    return key !== undefined && hmac(key.events, eventText(event)).equals(event.signature);
  }

  /** The name of the key that signs, which the hash of a seal covers. */
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

/** RFC 5869: independent keys for each purpose, from which the secret cannot be told. */
function derived(material: string | Buffer): AuditKey {
  const key = (info: string) => Buffer.from(hkdfSync('sha256', material, '', info, 32));
  return {
    id: key('latchkey audit key id').toString('base64url').slice(0, ID_LENGTH),
    events: createSecretKey(key('latchkey audit event')),
    seals: createSecretKey(key('latchkey audit seal')),
  };
}

function hmac(key: KeyObject, data: string | Buffer): Buffer {
  return createHmac('sha256', key).update(data).digest();
}
