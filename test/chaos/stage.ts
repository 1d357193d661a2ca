import { execFileSync } from 'node:child_process';
import { chmod } from 'node:fs/promises';
import { Cluster } from '../support/database/cluster.js';
import type { StartOptions } from '../support/service/deployment.js';
import { KeepAliveClient } from '../support/http/keep-alive-client.js';
import {
  eventually,
  killProcesses,
  newFolder,
  type ServiceProcess,
  startProcess,
} from '../support/service/process.js';
import { newSecret } from '../support/service/server.js';
import { ServiceProxy } from '../support/http/service-proxy.js';
import { Traffic } from '../support/actors/traffic.js';
import { Actor, type Failure } from './actor.js';

const ACTORS = 6;
const CONNECTIONS = 8;
/** Number of sessions of the traffic; odd, so that every session is used on both instances. */
const SESSIONS = 15;
const HEALED_WITHIN_MS = 60_000;
const SETTLED_MS = 1500;
const PROBE_MS = 100;
/** Time after the end of a fault from which no request may fail. */
const QUIET_MS = 1000;

export type Seat = 0 | 1;

/** The result of a fault. */
export interface Outcome {
  readonly requests: number;
  readonly rotations: number;
  readonly acknowledged_effects: number;
  readonly acknowledged_effects_lost: number;
  readonly honest_logouts: number;
  /** Answers of 500 and more, and broken connections, before the fault or after its end. */
  readonly failures_outside: number;
  readonly failures_during: number;
  readonly healed_ms_median: number;
  readonly healed_ms_max: number;
  /** Time from the start of an instance's process until it is ready; 0 if no instance was restarted. */
  readonly ready_ms_median: number;
  readonly ready_ms_p99: number;
  readonly ready_ms_max: number;
}

/**
 * Two instances on one embedded PostgreSQL, each behind a proxy, with well-behaved clients on both. The stage causes a
 * fault and then checks every acknowledged effect.
 */
export class Stage {
  readonly services: ServiceProcess[] = [];
  readonly proxies: ServiceProxy[] = [];
  readonly cluster: Cluster;
  private readonly clients: KeepAliveClient[] = [];
  /** The clients of stopped instances, which still answer open requests. */
  private readonly retired: KeepAliveClient[] = [];
  private actors: Actor[] = [];
  /** Duration of each start. */
  private readonly readyTimes: number[] = [];
  /** Instances to which a load balancer would send no requests. */
  private readonly unready = new Set<number>();
  private probes = 0;
  private readonly probed = new Map<number, number>();
  private probing: NodeJS.Timeout | undefined;
  private load: Traffic | undefined;
  env: Record<string, string> = {};

  private constructor(
    readonly folder: string,
    private readonly direct: boolean,
    private readonly cleanUp: () => Promise<void>,
  ) {
    this.cluster = new Cluster(folder);
  }

  /**
   * @param diskMib puts the data on a separate disk of this size; requires root
   * @param direct omits the proxies and skips instances that are not ready, as a load balancer does
   */
  static async open({
    diskMib,
    direct = false,
  }: { readonly diskMib?: number; readonly direct?: boolean } = {}): Promise<Stage> {
    const home = await newFolder();
    const folder = home.path;
    if (diskMib !== undefined) {
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${diskMib}m`, 'latchkey', folder]);
      await chmod(folder, 0o711);
    }
    const stage = new Stage(folder, direct, async () => {
      if (diskMib !== undefined) execFileSync('umount', ['-l', folder]);
      await home.remove();
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
    await this.load?.stop();
    await Promise.all(this.actors.map((actor) => actor.stop()));
    for (const client of [...this.clients, ...this.retired]) client.close();
    await Promise.all(this.proxies.map((proxy) => proxy.cut()));
    await Promise.all(this.services.map((service) => service.stop()));
    await killProcesses();
    await this.cleanUp();
  }

  /** Starts or restarts an instance and waits until it is ready. The clients reach it at the former address. */
  async start(seat: Seat, { env, nodeOptions = [] }: StartOptions = {}): Promise<void> {
    const from = performance.now();
    const service = await startProcess({ folder: this.folder, env: { ...this.env, ...env }, nodeOptions });
    await eventually(
      HEALED_WITHIN_MS,
      async () => (await service.client.get('/health/ready')).status === 200,
    );
    this.readyTimes.push(performance.now() - from);
    this.services[seat] = service;
    const before = this.clients[seat];
    if (before) this.retired.push(before);
    await this.proxies[seat]?.cut();
    if (!this.direct) this.proxies[seat] = await ServiceProxy.before(service.url);
    this.clients[seat] = new KeepAliveClient(this.proxies[seat]?.url ?? service.url, CONNECTIONS);
  }

  /** Causes a fault under load repeatedly, and then checks every acknowledged effect. */
  async suffer(fault: (round: number) => Promise<void>, rounds: number): Promise<Outcome> {
    await this.gather();
    this.readyTimes.length = 0;
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
    const healed = sorted(spans.map(({ ms }) => ms));
    const ready = sorted(this.readyTimes);
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
      healed_ms_median: healed[Math.floor(healed.length / 2)] ?? 0,
      healed_ms_max: healed.at(-1) ?? 0,
      ready_ms_median: ready[Math.floor(ready.length / 2)] ?? 0,
      ready_ms_p99: ready[Math.floor(ready.length * 0.99)] ?? 0,
      ready_ms_max: ready.at(-1) ?? 0,
    };
  }

  /** Descriptions of the wrong refusals of the actors. */
  wronged(): string[] {
    return this.actors.flatMap((actor) => actor.wronged);
  }

  failures(): Failure[] {
    return this.actors.flatMap((actor) => actor.failures);
  }

  /** Lets the clients work for a while. */
  async rest(milliseconds: number): Promise<void> {
    const until = performance.now() + milliseconds;
    await eventually(milliseconds + HEALED_WITHIN_MS, async () => performance.now() >= until);
  }

  /** Sends a number of requests per second in addition to the clients, each at its own time. */
  async traffic(perSecond: number): Promise<Traffic> {
    const client = (this.services[0] as ServiceProcess).client;
    const person = await client.register();
    const pairs = await Promise.all(Array.from({ length: SESSIONS }, () => client.login(person)));
    this.load = new Traffic({ perSecond, way: (turn) => this.way(turn), pairs });
    return this.load;
  }

  /** The instances in turn, without those that a load balancer would skip. */
  private way(turn: number): KeepAliveClient {
    const seat = this.unready.has(turn % 2) ? (turn + 1) % 2 : turn % 2;
    return this.clients[seat] as KeepAliveClient;
  }

  private async gather(): Promise<void> {
    this.actors = await Promise.all(
      Array.from({ length: ACTORS }, async (_, seat) => {
        const client = (this.services[seat % 2] as ServiceProcess).client;
        const person = await client.register();
        return new Actor(person, await client.login(person), (turn) => this.way(turn), seat);
      }),
    );
    for (const actor of this.actors) actor.start();
    await this.rest(SETTLED_MS);
  }

  /** Whether every client has been served since then, and none has failed recently. */
  private wellSince(moment: number): boolean {
    const now = performance.now();
    const served = this.actors.every((actor) => actor.successesSince(moment) > 0);
    return served && this.failures().every(({ to }) => to < moment || now - to > QUIET_MS);
  }

  /** Skips an answer that a later one has overtaken, because it shows an older state. */
  private heed(seat: number, ok: boolean, asked: number): void {
    if (asked < (this.probed.get(seat) ?? 0)) return;
    this.probed.set(seat, asked);
    if (ok) this.unready.delete(seat);
    else this.unready.add(seat);
  }

  private probe(): void {
    const asked = ++this.probes;
    for (const [seat, service] of this.services.entries()) {
      void fetch(`${service.url}/health/ready`)
        .then(({ ok }) => ok)
        .catch(() => false)
        .then((ok) => this.heed(seat, ok, asked));
    }
  }

  /** The acknowledged effects that are missing. */
  private async lost(): Promise<string[]> {
    const lost: string[] = [];
    const client = this.clients[0] as KeepAliveClient;
    const database = await this.cluster.connect();
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

function sorted(times: readonly number[]): number[] {
  return times.map((ms) => Math.round(ms)).toSorted((a, b) => a - b);
}
