import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Person, TokenPair } from '../support/http/client.js';
import type { KeepAliveClient } from '../support/http/keep-alive-client.js';

/** A request without the expected answer. */
export interface Failure {
  /** The times of `performance.now()` at which it was sent and at which it failed. */
  readonly from: number;
  readonly to: number;
  /** `refused`: the port is closed. `broken`: the connection ended without an answer. Otherwise the status. */
  readonly how: 'refused' | 'broken' | number;
  readonly what: string;
}

/** Chooses the instance of a request: the running instances in turn. */
export type Way = (turn: number) => KeepAliveClient;

const PAUSE_MS = 15;
const RETRY_MS = 20;
/** After this time without an answer a client tries the next instance. */
const PATIENCE_MS = 5000;

/**
 * A well-behaved client that works without pause: it refreshes and uses its tokens, changes its profile, registers
 * other users and logs them out. It records all acknowledged effects and all failures.
 */
export class Actor {
  readonly failures: Failure[] = [];
  /** Answers that a well-behaved client should never get. */
  readonly wronged: string[] = [];
  answers = 0;
  rotations = 0;
  /** The last acknowledged change of the profile, and the last one sent. */
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

  /** Number of complete, successful rounds since the last call. */
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
    // A repeated request may have been carried out the first time, when its answer was lost.
    if (!(await this.step('POST /auth/register', 201, { json }, 409))) return;
    this.registered.push(json.email);
    const login = { username: json.email, password: json.password };
    const pair = await this.step('POST /auth/login', 200, { json: login });
    if (!pair) return;
    const token = String(pair['access_token']);
    if (await this.step('POST /auth/logout', 204, { token }, 401)) this.loggedOut.push(token);
  }

  /** Repeats a request until it is answered, as a client does; undefined if the actor was stopped meanwhile. */
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
    // The connection is ended: a refresh that the service reads after two later ones would look like theft.
    const signal = AbortSignal.timeout(PATIENCE_MS);
    try {
      return await this.way(this.turn).ask(method, path, { ...request, signal });
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'ECONNREFUSED' ? 'refused' : 'broken';
    }
  }
}
