import { mkdtemp, chmod, readdir, readFile, rm } from 'node:fs/promises';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client as Postgres } from 'pg';
import { KeepAliveClient } from '../support/keep-alive-client.js';
import { eventually, killProcesses, type ServiceProcess, startProcess } from '../support/process.js';
import { newSecret } from '../support/server.js';
import { ServiceProxy } from '../support/service-proxy.js';
import { Actor, type Failure } from './actor.js';

const ACTORS = 6;
const CONNECTIONS = 8;
const HEALED_WITHIN_MS = 60_000;
const SETTLED_MS = 1500;
const PROBE_MS = 100;
/** So long after it was healed nothing of a fault may be felt. */
const QUIET_MS = 1000;

export type Seat = 0 | 1;

/** What a fault came to. */
export interface Outcome {
  readonly requests: number;
  readonly rotations: number;
  readonly acknowledged_effects: number;
  readonly acknowledged_effects_lost: number;
  readonly honest_logouts: number;
  /** Answers of 500 and more, and connections that broke, before the fault or after it was healed. */
  readonly failures_outside: number;
  readonly failures_during: number;
  readonly healed_ms_median: number;
  readonly healed_ms_max: number;
}

/**
 * Two instances on one embedded PostgreSQL, each behind a proxy, and honest clients at work on both. A fault is done to
 * them, and then everything that was acknowledged is looked for.
 */
export class Stage {
  readonly services: ServiceProcess[] = [];
  readonly proxies: ServiceProxy[] = [];
  private readonly clients: KeepAliveClient[] = [];
  /** Those of instances that were started again: what they have under way is still answered. */
  private readonly retired: KeepAliveClient[] = [];
  private actors: Actor[] = [];
  /** Instances that a balancer would not send requests to. */
  private readonly unready = new Set<number>();
  private probing: NodeJS.Timeout | undefined;
  env: Record<string, string> = {};

  private constructor(
    readonly folder: string,
    private readonly direct: boolean,
    private readonly cleanUp: () => Promise<void>,
  ) {}

  /**
   * @param diskMib puts the data on a disk of its own of that size; needs to be root
   * @param direct without the proxies, and with what a balancer does: an instance that is not ready is asked nothing
   */
  static async open({
    diskMib,
    direct = false,
  }: { readonly diskMib?: number; readonly direct?: boolean } = {}): Promise<Stage> {
    const folder = await mkdtemp(join(tmpdir(), 'lk-chaos-'));
    if (diskMib !== undefined)
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${diskMib}m`, 'latchkey', folder]);
    await chmod(folder, 0o711);
    const stage = new Stage(folder, direct, async () => {
      if (diskMib !== undefined) execFileSync('umount', ['-l', folder]);
      await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
    });
    stage.env = {
      JWT_ISSUER: 'https://id.example',
      SECRET_KEY: newSecret(),
      SHUTDOWN_DELAY_SECONDS: '1',
      LOG_LEVEL: 'info',
    };
    await stage.start(0);
    await stage.start(1);
    if (direct) stage.probing = setInterval(() => stage.probe(), PROBE_MS);
    return stage;
  }

  async close(): Promise<void> {
    clearInterval(this.probing);
    await Promise.all(this.actors.map((actor) => actor.stop()));
    for (const client of [...this.clients, ...this.retired]) client.close();
    await Promise.all(this.proxies.map((proxy) => proxy.cut()));
    await Promise.all(this.services.map((service) => service.stop()));
    await killProcesses();
    await this.cleanUp();
  }

  /** Starts an instance, or starts it again. The clients reach it where the old one was. */
  async start(seat: Seat, nodeOptions: readonly string[] = []): Promise<void> {
    const service = await startProcess({ folder: this.folder, env: this.env, nodeOptions });
    this.services[seat] = service;
    const before = this.clients[seat];
    if (before) this.retired.push(before);
    await this.proxies[seat]?.cut();
    if (!this.direct) this.proxies[seat] = await ServiceProxy.before(service.url);
    this.clients[seat] = new KeepAliveClient(this.proxies[seat]?.url ?? service.url, CONNECTIONS);
  }

  /** Does a fault under load, again and again, and looks for everything that was acknowledged. */
  async suffer(fault: (round: number) => Promise<void>, rounds: number): Promise<Outcome> {
    await this.gather();
    const spans: Array<{ from: number; healed: number; ms: number }> = [];
    for (let round = 0; round < rounds; round++) {
      const from = performance.now();
      await fault(round);
      const ended = performance.now();
      await eventually(HEALED_WITHIN_MS, async () => this.wellSince(ended));
      const failures = this.failures().filter(({ to }) => to > ended);
      const healed = Math.max(ended, ...failures.map(({ to }) => to));
      spans.push({ from, healed: healed + QUIET_MS, ms: healed - ended });
      await this.rest(SETTLED_MS);
    }
    await Promise.all(this.actors.map((actor) => actor.stop()));
    const during = this.failures().filter((one) =>
      spans.some((span) => one.to >= span.from && one.from <= span.healed),
    );
    const lost = await this.lost();
    const times = spans.map(({ ms }) => Math.round(ms)).toSorted((a, b) => a - b);
    return {
      requests: this.sum((actor) => actor.answers),
      rotations: this.sum((actor) => actor.rotations),
      acknowledged_effects: this.sum(
        (actor) => actor.acknowledged + actor.registered.length + actor.loggedOut.length,
      ),
      acknowledged_effects_lost: lost.length,
      honest_logouts: this.wronged().length,
      failures_outside: this.failures().length - during.length,
      failures_during: during.length,
      healed_ms_median: times[Math.floor(times.length / 2)] ?? 0,
      healed_ms_max: times.at(-1) ?? 0,
    };
  }

  /** What actors were refused that they should not have been, in words. */
  wronged(): string[] {
    return this.actors.flatMap((actor) => actor.wronged);
  }

  failures(): Failure[] {
    return this.actors.flatMap((actor) => actor.failures);
  }

  /** The process that PostgreSQL's others are children of. */
  async postmaster(): Promise<number> {
    return Number.parseInt(await readFile(join(this.folder, '.data/postgres/postmaster.pid'), 'utf8'), 10);
  }

  /** PostgreSQL's processes, all of them. */
  async postgresProcesses(): Promise<number[]> {
    const main = await this.postmaster();
    const found = [main];
    for (const name of await readdir('/proc')) {
      if (!/^\d+$/.test(name)) continue;
      const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '');
      if (Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === main) found.push(Number(name));
    }
    return found;
  }

  async connect(): Promise<Postgres> {
    const postgres = new Postgres({
      host: join(this.folder, '.data/run'),
      port: 5432,
      user: 'latchkey',
      database: 'latchkey',
      password: await readFile(join(this.folder, '.data/postgres/latchkey.password'), 'utf8'),
    });
    postgres.on('error', () => undefined);
    await postgres.connect();
    return postgres;
  }

  /** Lets the clients work on for a while. */
  async rest(milliseconds: number): Promise<void> {
    const until = performance.now() + milliseconds;
    await eventually(milliseconds + HEALED_WITHIN_MS, async () => performance.now() >= until);
  }

  private async gather(): Promise<void> {
    const way = (turn: number): KeepAliveClient => {
      const seat = this.unready.has(turn % 2) ? (turn + 1) % 2 : turn % 2;
      return this.clients[seat] as KeepAliveClient;
    };
    this.actors = await Promise.all(
      Array.from({ length: ACTORS }, async (_, seat) => {
        const client = (this.services[seat % 2] as ServiceProcess).client;
        const person = await client.register();
        return new Actor(person, await client.login(person), way, seat);
      }),
    );
    for (const actor of this.actors) actor.start();
    await this.rest(SETTLED_MS);
  }

  /** Whether every client has been served since then, and nobody has failed in the last moment. */
  private wellSince(moment: number): boolean {
    const now = performance.now();
    const served = this.actors.every((actor) => actor.successesSince(moment) > 0);
    return served && this.failures().every(({ to }) => to < moment || now - to > QUIET_MS);
  }

  private probe(): void {
    for (const [seat, service] of this.services.entries()) {
      void fetch(`${service.url}/health/ready`)
        .then(({ ok }) => ok)
        .catch(() => false)
        .then((ok) => (ok ? this.unready.delete(seat) : this.unready.add(seat)));
    }
  }

  /** What was acknowledged and is not there. */
  private async lost(): Promise<string[]> {
    const lost: string[] = [];
    const client = this.clients[0] as KeepAliveClient;
    const database = await this.connect();
    for (const actor of this.actors) {
      const { rows } = await database.query<{ full_name: string | null }>(
        'SELECT full_name FROM users WHERE id = $1',
        [actor.person.id],
      );
      const kept = Number(rows[0]?.full_name ?? 0);
      if (kept < actor.acknowledged || kept > actor.sent)
        lost.push(`profile: ${kept} of ${actor.acknowledged}`);
      const { rows: found } = await database.query('SELECT 1 FROM users WHERE email = ANY ($1)', [
        actor.registered,
      ]);
      if (found.length < actor.registered.length)
        lost.push(`registered: ${found.length} of ${actor.registered.length}`);
      for (const token of actor.loggedOut) if ((await client.verify(token)) !== 401) lost.push('a logout');
      const session = await client.verify(actor.accessToken);
      if (session !== 200) actor.wronged.push(`in the end: ${session}`);
    }
    await database.end();
    return lost;
  }

  private sum(figure: (actor: Actor) => number): number {
    return this.actors.reduce((sum, actor) => sum + figure(actor), 0);
  }
}
