import { Inject, Injectable } from '@nestjs/common';
import { EntityManager } from 'typeorm';
import { AuditService } from '../audit/audit.service.js';
import { KEY_CONFIG, TOKEN_CONFIG, type KeyConfig, type TokenConfig } from '../platform/config/config.js';
import type { Transaction } from '../platform/database/transaction.js';
import { AppError } from '../platform/kernel/app-error.js';
import { Clock } from '../platform/kernel/clock.js';
import { rootSecrets } from '../platform/secrets/root-secret.js';
import { AccessLifetimes } from '../revocation/access-lifetimes.js';
import { generatePrivateKey } from './key-generation.js';
import { keyOfRow } from './key-material.js';
import { KeyRing } from './key-ring.js';
import { keyState, mayBeDropped } from './key-rotation.policy.js';
import type { KeyRow } from './key-row.js';
import { SigningKeyRows } from './signing-key-rows.js';
import { wrapKey, wrappingId } from './key-wrapping.js';
import { assertNoneUnderAnotherRoot, canHandOver, isUsableRingKey, keyOfSettings } from './settings-key.js';
import { privateSigningKey } from './signing-key.js';

/** Added to the time for which verifiers cache the key set: covers the reload and the skew of clocks. */
const LEAD_MARGIN_MS = 2000;

/**
 * The changes of `signing_keys`. Each takes one advisory lock in the caller's transaction, so that concurrent instances
 * make each change once. A key is published at least `JWKS_MAX_AGE_SECONDS` before it signs, and verifies until its last
 * token has expired. A new key and its audit event commit together.
 */
@Injectable()
export class SigningKeyChanges {
  constructor(
    private readonly rows: SigningKeyRows,
    private readonly ring: KeyRing,
    private readonly audit: AuditService,
    private readonly manager: EntityManager,
    private readonly lifetimes: AccessLifetimes,
    private readonly clock: Clock,
    @Inject(KEY_CONFIG) private readonly config: KeyConfig,
    @Inject(TOKEN_CONFIG) private readonly tokens: TokenConfig,
  ) {}

  /** Every key that is not gone, oldest first. */
  async list(): Promise<KeyRow[]> {
    const now = this.clock.now();
    const { authentic } = await this.rows.read(this.manager);
    return authentic.filter((row) => keyState(row, now) !== 'gone');
  }

  /**
   * Plans the active key's successor. Returns the planned one if there is one already.
   * @throws AppError `key_not_rotatable` if the active key comes from the settings
   */
  async rotate(transaction: Transaction): Promise<KeyRow> {
    const { active, next } = await this.lockedKeys(transaction);
    if (next) return next;
    if (active?.source !== 'ring') throw new AppError('key_not_rotatable');
    return this.succeed(transaction, active, this.clock.now() + this.leadMs);
  }

  /**
   * Drops a key at once: it stops signing and is not published any more. The caller revokes the tokens it signed. A row
   * that is not authentic is deleted.
   * @returns the key that signs from now on, or the new planned key if the dropped key was planned, or the dropped key if
   * it was neither active nor planned
   * @throws AppError `not_found`; `key_not_rotatable` while the settings name the key
   */
  async compromise(transaction: Transaction, kid: string): Promise<KeyRow> {
    const { all, rejected, active, next } = await this.lockedKeys(transaction);
    const now = this.clock.now();
    const { manager } = transaction;
    const forged = rejected.find((key) => key.kid === kid);
    if (forged) {
      await this.rows.delete(manager, [kid]);
      return active ?? forged;
    }
    const row = all.find((key) => key.kid === kid && keyState(key, now) !== 'gone');
    if (!row) throw new AppError('not_found');
    if (!mayBeDropped(row, now)) throw new AppError('key_not_rotatable');
    if (row.kid === next?.kid) {
      // The dropped key never signed. The active key signs until its new successor begins.
      await this.rows.delete(manager, [kid]);
      if (!active) throw new Error('a key is planned, but no key is active');
      return this.succeed(transaction, { ...active, activeUntil: null }, now + this.leadMs);
    }
    const verifyUntil = now + (await this.lifetimeMs(manager));
    const ended = {
      ...row,
      activeUntil: Math.min(row.activeUntil ?? now, now),
      verifyUntil,
      compromisedAt: now,
    };
    await this.rows.setTimes(manager, row, ended);
    if (row.kid !== active?.kid) return row;
    if (!next) return this.insertRingKey(transaction, now);
    const promoted = { ...next, activeFrom: now };
    await this.rows.setTimes(manager, next, promoted);
    return promoted;
  }

  /** Loads the keys of the table into the ring of this instance. @returns the authentic rows, oldest first */
  async reload(): Promise<KeyRow[]> {
    const { authentic } = await this.rows.read(this.manager);
    const keys = authentic.map((row) => keyOfRow(row, this.config));
    this.ring.hold(keys.filter((key) => key !== undefined));
    return authentic;
  }

  /** Checks again under the lock, since another instance may have rotated meanwhile. Returns the successor. */
  async rotateIfDue(transaction: Transaction, due: (row: KeyRow) => boolean): Promise<KeyRow> {
    const { active, next } = await this.lockedKeys(transaction);
    if (next || !active || !due(active)) return next ?? (active as KeyRow);
    return this.succeed(transaction, active, this.clock.now() + this.leadMs);
  }

  /**
   * Applies the settings: encrypts and authenticates rows under the current root secret, deletes keys that are gone, adds
   * the key to sign with.
   * @param mayAdopt see sortRows; for the start
   */
  async followSettings(transaction: Transaction, mayAdopt = false): Promise<void> {
    const { manager } = transaction;
    const { all, rejected, active, next } = await this.lockedKeys(transaction, mayAdopt);
    const now = this.clock.now();
    await this.rows.delete(
      manager,
      all.filter((row) => keyState(row, now) === 'gone' && row.compromisedAt === null).map(({ kid }) => kid),
    );
    const wanted = keyOfSettings(this.config);
    const newest = next ?? active;
    if (!wanted && !newest) assertNoneUnderAnotherRoot(rejected, this.config, now);
    const same = wanted ? newest?.kid === wanted.kid : isUsableRingKey(newest, this.config);
    if (same) {
      if (next && !active) await this.rows.setTimes(manager, next, { ...next, activeFrom: now });
      return;
    }
    const activeFrom = canHandOver(active, wanted, this.config) ? now + this.leadMs : now;
    await this.retire(manager, all, activeFrom, wanted?.kid);
    if (wanted) await this.admit(transaction, { ...wanted, createdAt: now, activeFrom }, all);
    else await this.insertRingKey(transaction, activeFrom);
  }

  /** How long a key is published before it signs, in milliseconds. */
  get leadMs(): number {
    return this.config.jwksMaxAgeSeconds * 1000 + LEAD_MARGIN_MS;
  }

  /** The longest lifetime of a token that may be alive, in milliseconds, with leeway. */
  private async lifetimeMs(manager: EntityManager): Promise<number> {
    const { refreshIdleSeconds, leewaySeconds } = this.tokens;
    const access = await this.lifetimes.longestMs(manager);
    return Math.max(access, (refreshIdleSeconds + leewaySeconds) * 1000) + LEAD_MARGIN_MS;
  }

  private async lockedKeys({ manager, afterCommit }: Transaction, mayAdopt = false) {
    await this.rows.lock(manager);
    afterCommit(() => void this.reload().catch(() => undefined));
    const { authentic, rejected } = await this.rows.read(manager, mayAdopt);
    const all: KeyRow[] = [];
    for (const row of authentic) all.push(await this.rows.renew(manager, row));
    const now = this.clock.now();
    // Of two active keys, as after a secret was changed back and forth, the newest signs (see KeyRing).
    const inState = (state: string) =>
      all.findLast((row) => keyState(row, now) === state && row.compromisedAt === null);
    return { all, rejected, active: inState('active'), next: inState('next') };
  }

  /** Adds a key that begins to sign at `activeFrom`, when the given key stops. */
  private async succeed(transaction: Transaction, row: KeyRow, activeFrom: number): Promise<KeyRow> {
    await this.retire(transaction.manager, [row], activeFrom);
    return this.insertRingKey(transaction, activeFrom);
  }

  /** Ends the signing of keys at a time, and deletes those that would begin after it. */
  private async retire(
    manager: EntityManager,
    rows: readonly KeyRow[],
    at: number,
    except?: string,
  ): Promise<void> {
    const lifetimeMs = await this.lifetimeMs(manager);
    for (const row of rows) {
      if (row.activeUntil !== null && row.activeUntil <= at) continue;
      if (row.kid === except) continue;
      if (row.activeFrom >= at) await this.rows.delete(manager, [row.kid]);
      else
        await this.rows.setTimes(manager, row, {
          ...row,
          activeUntil: at,
          verifyUntil: at + lifetimeMs,
        });
    }
  }

  /** Adds a key of the settings, or puts it back to work if the table has it already. */
  private async admit(transaction: Transaction, row: KeyRow, all: readonly KeyRow[]): Promise<void> {
    const { manager } = transaction;
    const known = all.find(({ kid }) => kid === row.kid);
    if (known?.compromisedAt)
      throw new Error('the key of the settings was reported as compromised: set another');
    if (known) await this.rows.setTimes(manager, known, row);
    else await this.rows.put(manager, row);
    await this.recordAdded(transaction, row);
  }

  private async recordAdded(
    transaction: Transaction,
    { kid, algorithm, source, activeFrom }: KeyRow,
  ): Promise<void> {
    await this.audit.record(transaction, {
      action: 'key.added',
      actor: null,
      subject: { kind: 'key', id: kid },
      details: { algorithm, source, active_from: new Date(activeFrom).toISOString() },
    });
  }

  private async insertRingKey(transaction: Transaction, activeFrom: number): Promise<KeyRow> {
    const { algorithm } = this.config;
    const [root] = rootSecrets(this.config);
    if (algorithm.startsWith('HS')) throw new AppError('key_not_rotatable');
    const key = privateSigningKey(await generatePrivateKey(algorithm), algorithm);
    if (!key.signWith) throw new Error('the new key has no private half');
    const row: KeyRow = {
      kid: key.kid,
      algorithm,
      source: 'ring',
      publicKey: key.verifyWith.export({ format: 'pem', type: 'spki' }).toString(),
      privateKey: wrapKey(key.signWith, key.kid, root),
      wrappedBy: wrappingId(root),
      createdAt: this.clock.now(),
      activeFrom,
      activeUntil: null,
      verifyUntil: null,
      compromisedAt: null,
    };
    await this.rows.put(transaction.manager, row);
    await this.recordAdded(transaction, row);
    return row;
  }
}
