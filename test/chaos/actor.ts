import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Person, TokenPair } from '../support/http/client.js';
import type { KeepAliveClient } from '../support/http/keep-alive-client.js';

/** A request that was not answered as it should have been. */
export interface Failure {
  /** As of `performance.now()`: when it was sent, and when it had failed. */
  readonly from: number;
  readonly to: number;
  /** `refused`: nobody listens. `broken`: the connection ended without an answer. Else the status. */
  readonly how: 'refused' | 'broken' | number;
  readonly what: string;
}

/** Where the actors ask: the instances by turns, whichever are up. */
export type Way = (turn: number) => KeepAliveClient;

const PAUSE_MS = 15;
const RETRY_MS = 20;
/** A client that gets no answer for so long asks the next instance. */
const PATIENCE_MS = 5000;

/**
 * An honest client, all the time at it: it refreshes and shows its tokens, changes its profile, registers others and
 * logs them out. It remembers whatever was acknowledged, and what failed.
 */
export class Actor {
  readonly failures: Failure[] = [];
  /** Answers that an honest client should never get. */
  readonly wronged: string[] = [];
  answers = 0;
  rotations = 0;
  /** The profile's last change that was acknowledged, and the last that was sent. */
  acknowledged = 0;
  sent = 0;
  readonly registered: string[] = [];
  readonly loggedOut: string[] = [];
  private running: Promise<void> = Promise.resolve();
  private stopped = true;
  private turn: number;
  private mark = 0;

  constructor(
    readonly person: Person,
    private pair: TokenPair,
    private readonly way: Way,
    seat: number,
  ) {
    this.turn = seat;
  }

  get accessToken(): string {
    return this.pair.access_token;
  }

  /** How often everything it does has gone well since it was last asked for. */
  successesSince(moment: number): number {
    return this.mark >= moment ? this.answers : 0;
  }

  start(): void {
    this.stopped = false;
    this.running = this.live();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.running;
  }

  private async live(): Promise<void> {
    for (let round = 0; !this.stopped; round++) {
      await this.refresh();
      await this.step('GET /auth/verify', 200, { token: this.accessToken });
      if (round % 3 === 0) await this.changeProfile();
      if (round % 10 === 0) await this.comeAndGo();
      await delay(PAUSE_MS);
    }
  }

  private async refresh(): Promise<void> {
    const json = { refresh_token: this.pair.refresh_token };
    const body = await this.step('POST /auth/refresh', 200, { json });
    if (!body) return;
    this.pair = body as unknown as TokenPair;
    this.rotations++;
  }

  private async changeProfile(): Promise<void> {
    this.sent++;
    const json = { full_name: String(this.sent) };
    if (await this.step('PATCH /users/me', 200, { token: this.accessToken, json }))
      this.acknowledged = this.sent;
  }

  private async comeAndGo(): Promise<void> {
    const name = `c${randomBytes(8).toString('hex')}`;
    const json = { email: `${name}@example.com`, password: this.person.password };
    // Sent again after a lost answer, it may have been carried out the first time.
    if (!(await this.step('POST /auth/register', 201, { json }, 409))) return;
    this.registered.push(json.email);
    const login = { username: json.email, password: json.password };
    const pair = await this.step('POST /auth/login', 200, { json: login });
    if (!pair) return;
    const token = String(pair['access_token']);
    if (await this.step('POST /auth/logout', 204, { token }, 401)) this.loggedOut.push(token);
  }

  /** Asks until it is answered, as a client does; undefined where it was stopped meanwhile. */
  private async step(
    what: string,
    good: number,
    request: { readonly token?: string; readonly json?: unknown },
    goodAgain = good,
  ): Promise<Record<string, unknown> | undefined> {
    const [method = '', path = ''] = what.split(' ');
    for (let attempt = 0; !this.stopped || attempt === 0; attempt++) {
      const from = performance.now();
      const answer = await this.asked(method, path, request);
      const now = performance.now();
      if (typeof answer === 'string') this.failures.push({ from, to: now, how: answer, what });
      else if (answer.status === good || (attempt > 0 && answer.status === goodAgain)) {
        this.answers++;
        this.mark = now;
        return answer.body;
      } else if (answer.status >= 500) this.failures.push({ from, to: now, how: answer.status, what });
      else {
        this.wronged.push(`${what}: ${answer.status} ${String(answer.body['code'])}`);
        return undefined;
      }
      this.turn++;
      await delay(RETRY_MS);
    }
    return undefined;
  }

  private async asked(
    method: string,
    path: string,
    request: { readonly token?: string; readonly json?: unknown },
  ): Promise<{ status: number; body: Record<string, unknown> } | 'refused' | 'broken'> {
    // Given up for good: a refresh that is read when two others have overtaken it would be theft.
    const signal = AbortSignal.timeout(PATIENCE_MS);
    try {
      return await this.way(this.turn).ask(method, path, { ...request, signal });
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'ECONNREFUSED' ? 'refused' : 'broken';
    }
  }
}
