import { Inject, Injectable } from '@nestjs/common';
import { EntityManager } from 'typeorm';
import type { Origin } from '../access/origin.decorator.js';
import {
  LIMITS_CONFIG,
  TOKEN_CONFIG,
  type LimitsConfig,
  type TokenConfig,
} from '../platform/config/config.js';
import { Clock } from '../platform/kernel/clock.js';
import { Batcher } from '../platform/pacing/batcher.js';
import { newId } from '../platform/kernel/ids.js';
import { decideRotation, type RotationDecision } from './refresh-rotation.policy.js';
import { SessionsRepository } from './sessions.repository.js';
import type {
  OpenedSession,
  Presented,
  Rotation,
  SessionGrant,
  SessionRow,
  SessionsPage,
  SessionSummary,
} from './session-records.js';

export interface StartSession {
  readonly userId: string;
  readonly clientId: string;
  /** The identifier of the audience of its access tokens. */
  readonly audience: string;
  /** Space-separated; null asks for everything the user has. */
  readonly requestedScope: string | null;
  readonly origin: Origin;
  /** Whether the session outlives the browser. */
  readonly persistent: boolean;
}

type Granted = 'rotated' | 'replayed' | 'replaced';

/** The outcome of presenting a refresh token; only `granted` yields tokens. */
export type RefreshOutcome =
  | { readonly kind: 'granted'; readonly how: Granted; readonly grant: SessionGrant }
  | { readonly kind: 'reuse'; readonly session: SessionRow }
  | { readonly kind: 'expired' }
  | { readonly kind: 'revoked'; readonly reason: string };

/** The session and generation of a presented refresh token. */
type PresentedToken = Pick<Presented, 'id' | 'generation'>;

/** Limits of the batches of rotations. */
const ROTATIONS = { maxInFlight: 2, maxBatch: 100, maxWaitMs: 5000 } as const;
/** The idle limit of a browser that is not to be remembered, in milliseconds: twelve hours. */
const BRIEF_IDLE_MS = 12 * 3_600_000;
/** A statement loses only where a parallel refresh wins; more losses than this are a fault. */
const ATTEMPTS = 10;

/** Opens sessions and rotates their refresh tokens. SessionTermination ends them. */
@Injectable()
export class SessionsService {
  private readonly rotations = new Batcher(
    (tokens: readonly PresentedToken[]) => this.rotate(tokens, 'skip'),
    ROTATIONS,
  );

  constructor(
    private readonly sessions: SessionsRepository,
    private readonly manager: EntityManager,
    private readonly clock: Clock,
    @Inject(TOKEN_CONFIG) private readonly config: TokenConfig,
    @Inject(LIMITS_CONFIG) private readonly limits: LimitsConfig,
  ) {}

  /**
   * Opens a session in the caller's transaction, which has locked the user's row. The caller ends the surplus sessions of
   * the answer, so that a user never has more than `SESSIONS_PER_USER`.
   */
  async start(manager: EntityManager, input: StartSession): Promise<OpenedSession> {
    const now = this.clock.now();
    const idleMs = Math.min(this.idleMs(input.persistent), this.config.refreshMaxSeconds * 1000);
    return this.sessions.insert(manager, {
      id: newId(now),
      userId: input.userId,
      clientId: input.clientId,
      audience: input.audience,
      requestedScope: input.requestedScope,
      refreshTokenId: newId(now),
      now: new Date(now),
      idleExpiresAt: new Date(now + idleMs),
      expiresAt: new Date(now + this.config.refreshMaxSeconds * 1000),
      ...input.origin,
      persistent: input.persistent,
      maxLive: this.limits.sessionsPerUser,
    });
  }

  /**
   * Presents a refresh token whose signature and expiry are good. The usual case is one statement; where it did not
   * apply, the row says why (see refresh-rotation.policy.ts).
   */
  async present(sessionId: string, generation: number): Promise<RefreshOutcome> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const token = { id: sessionId, generation };
      // In a batch where the row is free; alone where another transaction has locked it, so that a batch never waits.
      const grant = attempt === 0 ? await this.rotations.ask(token) : (await this.rotate([token], 'wait'))[0];
      // A rotation follows the presented generation; a replacement follows its unused successor.
      if (grant) {
        const how = grant.generation === generation + 1 ? 'rotated' : 'replaced';
        return { kind: 'granted', how, grant };
      }
      const outcome = await this.explain(sessionId, generation);
      if (outcome) return outcome;
    }
    throw new Error('a refresh lost against parallel ones too often');
  }

  /**
   * The session that would grant tokens for a refresh token of this generation now. Asking does not use the token: no
   * generation rotates, and a token that was used before ends no session.
   */
  async findRefreshable(sessionId: string, generation: number): Promise<SessionRow | undefined> {
    const session = await this.sessions.find(this.manager, sessionId);
    if (session?.userStatus !== 'active') return undefined;
    const answered: readonly RotationDecision[] = ['rotate', 'replay', 'replace'];
    return answered.includes(this.decide(session, generation)) ? session : undefined;
  }

  /** The session as it is, whatever its state; undefined where there is none any more. */
  async find(sessionId: string, manager: EntityManager = this.manager): Promise<SessionRow | undefined> {
    return this.sessions.find(manager, sessionId);
  }

  /** A user's live sessions, oldest first, and how many there are in all. */
  async list(userId: string, page: SessionsPage): Promise<{ sessions: SessionSummary[]; total: number }> {
    const now = new Date(this.clock.now());
    const [sessions, total] = await Promise.all([
      this.sessions.listLive(this.manager, userId, { now, ...page }),
      this.sessions.countLive(this.manager, userId, now),
    ]);
    return { sessions, total };
  }

  /** How long a session lasts without use, in milliseconds. */
  private idleMs(persistent: boolean): number {
    const ordinary = this.config.refreshIdleSeconds * 1000;
    return persistent ? ordinary : Math.min(ordinary, BRIEF_IDLE_MS);
  }

  private async rotate(
    tokens: readonly PresentedToken[],
    locked: Rotation['locked'],
  ): Promise<Array<SessionGrant | undefined>> {
    const now = this.clock.now();
    const presented = tokens.map((token) => ({ ...token, refreshTokenId: newId(now) }));
    return this.sessions.rotate(this.manager, presented, {
      now: new Date(now),
      idleExpiresAt: new Date(now + this.idleMs(true)),
      briefIdleExpiresAt: new Date(now + this.idleMs(false)),
      replaceBefore: new Date(now - this.config.reuseWindowSeconds * 1000),
      consumedSince: new Date(now - this.config.lostAnswerSeconds * 1000),
      locked,
    });
  }

  /** Why a rotation did not apply; undefined where the row has changed since and the statement deserves another try. */
  private async explain(sessionId: string, generation: number): Promise<RefreshOutcome | undefined> {
    const session = await this.sessions.find(this.manager, sessionId);
    // The signature is good, so the session existed: it was deleted with its user or after its end.
    if (!session) return { kind: 'revoked', reason: 'the session is gone' };
    if (session.userStatus !== 'active') return { kind: 'revoked', reason: 'the user is disabled' };
    switch (this.decide(session, generation)) {
      case 'rotate':
      case 'replace':
        return undefined;
      case 'replay':
        return { kind: 'granted', how: 'replayed', grant: session };
      case 'reuse':
        return { kind: 'reuse', session };
      case 'expired':
        return { kind: 'expired' };
      case 'revoked':
        return { kind: 'revoked', reason: session.revokedReason ?? 'unknown' };
    }
  }

  private decide(session: SessionRow, generation: number): RotationDecision {
    const state = {
      generation: session.generation,
      parentGeneration: session.parentGeneration,
      rotatedAt: session.rotatedAt.getTime(),
      parentConsumedAt: session.parentConsumedAt.getTime(),
      expiresAt: session.expiresAt.getTime(),
      revoked: session.revokedAt !== null,
    };
    return decideRotation(state, generation, this.clock.now(), {
      reuseWindowMs: this.config.reuseWindowSeconds * 1000,
      lostAnswerMs: this.config.lostAnswerSeconds * 1000,
    });
  }
}
