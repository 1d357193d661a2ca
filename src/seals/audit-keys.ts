import type { KeyConfig } from '../platform/config/config.js';
import { RootSecret, rootSecrets } from '../platform/secrets/root-secret.js';
import { derivedKey, hmac, unwrapKey, wrapKey, type AuditKey } from './audit-key.js';
import { sealHash, type Handover, type Seal } from './seal.js';

/** A signature with the id of its key. */
export interface Signed {
  readonly signature: Buffer;
  readonly signedBy: string;
}

/**
 * The keys that sign the audit log (HMAC-SHA-256), derived from the root secrets of the settings: the current one signs,
 * the previous ones verify. A key that was handed over stays in the log, encrypted under its successor, so that its signatures
 * can be checked after its secret is gone. The database holds no key in clear.
 */
export class AuditKeys {
  private readonly byId: ReadonlyMap<string, AuditKey>;

  private constructor(
    private readonly current: AuditKey,
    private readonly previous: readonly AuditKey[],
    adopted: readonly AuditKey[] = [],
  ) {
    this.byId = new Map([...adopted, ...previous, current].map((key) => [key.id, key]));
  }

  /** The keys of the settings. */
  static of(config: Pick<KeyConfig, 'rootSecret' | 'pinnedKey' | 'previousRootSecrets'>): AuditKeys {
    const [current, ...previous] = rootSecrets(config);
    return new AuditKeys(derivedKey(current), previous.map(derivedKey));
  }

  /** The id of the key of a root secret. */
  static idOf(secret: string | Buffer): string {
    return derivedKey(new RootSecret(secret)).id;
  }

  /** These keys, and the key of a root secret that the settings name no more. */
  withPrevious(secret: string | Buffer): AuditKeys {
    return new AuditKeys(this.current, [...this.previous, derivedKey(new RootSecret(secret))]);
  }

  /** These keys, and those that the handovers hold. A handover that does not verify adds none. */
  withHandedOver(handovers: readonly Seal[]): AuditKeys {
    const adopted: AuditKey[] = [];
    // A key is encrypted under its successor, so the newest handover opens the one before it.
    for (const seal of handovers.toReversed()) {
      const keys = new AuditKeys(this.current, this.previous, adopted);
      const key = seal.handover && keys.verifiesSeal(seal) ? keys.formerKey(seal, seal.handover) : undefined;
      if (key) adopted.push(key);
    }
    return new AuditKeys(this.current, this.previous, adopted);
  }

  /** The id of the key that signs. The hash of a seal covers it. */
  get currentId(): string {
    return this.current.id;
  }

  /** The ids of the other keys of the settings. */
  get previousIds(): string[] {
    return this.previous.map(({ id }) => id).filter((id) => id !== this.current.id);
  }

  /** Whether this instance can check signatures of this key. */
  knows(id: string): boolean {
    return this.byId.has(id);
  }

  /** Whether the key is derived from a root secret of the settings. */
  isConfigured(id: string): boolean {
    return [this.current, ...this.previous].some((key) => key.id === id);
  }

  /** Signs the text of an event with the current key. */
  sign(text: string): Signed {
    return { signature: hmac(this.current.events, text), signedBy: this.current.id };
  }

  /** Whether a known key signed exactly this text of an event. */
  verifies(text: string, { signature, signedBy }: Signed): boolean {
    const key = this.byId.get(signedBy);
    return key !== undefined && hmac(key.events, text).equals(signature);
  }

  /** Signs the hash of a seal. @throws Error where the key is not known */
  signSeal(hash: Buffer, id = this.current.id): Buffer {
    return hmac(this.get(id).seals, hash);
  }

  /** The key of this id, encrypted under the current one. @throws Error where the key is not known */
  handover(id: string): Handover {
    return { from: id, wrappedKey: wrapKey(this.get(id), this.current) };
  }

  /** Whether a known key signed this seal exactly as it is; for a handover, whether the former key signed it too. */
  verifiesSeal(seal: Seal): boolean {
    const key = this.byId.get(seal.signedBy);
    if (!key || !sealHash(seal).equals(seal.hash)) return false;
    if (!hmac(key.seals, seal.hash).equals(seal.signature)) return false;
    return seal.handover ? this.verifiesFormer(seal) : seal.formerSignature === null;
  }

  /** Whether the seal is a handover that the former key signed. The key that follows may be unknown. */
  verifiesFormer(seal: Seal): boolean {
    const former = seal.handover && this.formerKey(seal, seal.handover);
    if (!former || !seal.formerSignature || !sealHash(seal).equals(seal.hash)) return false;
    return hmac(former.seals, seal.hash).equals(seal.formerSignature);
  }

  private formerKey({ signedBy }: Seal, { from, wrappedKey }: Handover): AuditKey | undefined {
    const successor = this.byId.get(signedBy);
    return this.byId.get(from) ?? (successor && unwrapKey(wrappedKey, from, successor));
  }

  private get(id: string): AuditKey {
    const key = this.byId.get(id);
    if (!key) throw new Error('the audit log has no such key');
    return key;
  }
}
