import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { subscribe } from './events.js';
import type { MetricsSource } from './metrics.server.js';

/** What is read when somebody asks for the metrics. Each is cheap: nothing here asks the database. */
export interface Readings {
  readonly ready: () => boolean;
  readonly requestsInFlight: () => number;
  readonly hashing: () => { readonly running: number; readonly waiting: number; readonly queue: number };
  readonly feed: () => { readonly stalenessSeconds: number; readonly live: number };
  readonly pool: () => {
    readonly total: number;
    readonly idle: number;
    readonly waiting: number;
    readonly limit: number;
  };
  readonly keys: () => ReadonlyArray<{ readonly state: string; readonly algorithm: string }>;
  /** When the key that signs should have a successor, in Unix seconds; undefined where none is due by itself. */
  readonly keyDue: () => number | undefined;
}

/** A login takes tens of milliseconds, a verification less than one. */
const REQUEST_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** Around the second in which a revocation is to be everywhere. */
const SPREAD_BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 10, 30];
/** A counter that appears with its first event has not risen, as Prometheus sees it: an alert would miss that one. */
const FROM_ZERO = {
  login: ['granted', 'invalid_credentials', 'account_disabled', 'too_many_attempts', 'overloaded'],
  refresh: [
    'rotated',
    'replayed',
    'replaced',
    'unheard',
    'refresh_token_invalid',
    'refresh_token_expired',
    'refresh_token_reused',
    'session_revoked',
  ],
  revoked: ['session', 'user', 'client', 'key', 'all'],
} as const;
const KEY_STATES = ['next', 'active', 'retiring'] as const;

/**
 * The metrics of one instance, in the form of Prometheus. Counts what the rooms tell (`kernel/measures.ts`) and reads
 * the rest when asked. No label holds anything a client can choose freely: routes are patterns, codes a closed list.
 */
export class ServiceMetrics implements MetricsSource {
  private readonly registry = new Registry();
  private readonly ends: Array<() => void> = [];

  constructor(private readonly readings: Readings) {
    collectDefaultMetrics({ register: this.registry });
    this.countRequests();
    this.countLogins();
    this.countRevocations();
    this.readHashing();
    this.readDatabase();
    this.readKeys();
    this.read('latchkey_ready', 'Whether this instance wants requests: 1, or 0', () =>
      this.readings.ready() ? 1 : 0,
    );
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  text(): Promise<string> {
    return this.registry.metrics();
  }

  /** Counts nothing any more. */
  close(): void {
    for (const end of this.ends.splice(0)) end();
  }

  private countRequests(): void {
    const registers = [this.registry];
    const requests = new Counter({
      name: 'latchkey_http_requests_total',
      help: 'Requests by route, status and error code; status 499 where the client left before an answer',
      labelNames: ['method', 'route', 'status', 'code'],
      registers,
    });
    const durations = new Histogram({
      name: 'latchkey_http_request_duration_seconds',
      help: 'How long requests took',
      labelNames: ['method', 'route'],
      buckets: REQUEST_BUCKETS,
      registers,
    });
    this.ends.push(
      subscribe('request', ({ method, route, status, code = 'none', seconds }) => {
        requests.inc({ method, route, status, code });
        durations.observe({ method, route }, seconds);
      }),
    );
    this.read('latchkey_http_requests_in_flight', 'Requests that are not answered yet', () =>
      this.readings.requestsInFlight(),
    );
  }

  private countLogins(): void {
    for (const [name, metric, what] of [
      ['login', 'latchkey_logins_total', 'Logins'],
      ['refresh', 'latchkey_refreshes_total', 'Refresh tokens presented'],
    ] as const) {
      const help = `${what}, by what came of it, or the code of the refusal`;
      const counter = new Counter({
        name: metric,
        help,
        labelNames: ['outcome'],
        registers: [this.registry],
      });
      for (const outcome of FROM_ZERO[name]) counter.inc({ outcome }, 0);
      this.ends.push(subscribe(name, (outcome) => counter.inc({ outcome })));
    }
  }

  private countRevocations(): void {
    const registers = [this.registry];
    const made = new Counter({
      name: 'latchkey_revocations_total',
      help: 'Revocations this instance has committed, by kind; stale where a refresh brings new tokens',
      labelNames: ['kind', 'effect'],
      registers,
    });
    const spread = new Histogram({
      name: 'latchkey_revocation_spread_seconds',
      help: 'From the making of a revocation, here or elsewhere, until this instance refuses its tokens',
      labelNames: ['from'],
      buckets: SPREAD_BUCKETS,
      registers,
    });
    for (const kind of FROM_ZERO.revoked) made.inc({ kind, effect: 'dead' }, 0);
    made.inc({ kind: 'user', effect: 'stale' }, 0);
    this.ends.push(
      subscribe('revoked', ({ kind, effect, count }) => made.inc({ kind, effect }, count)),
      subscribe('revocationArrived', ({ from, seconds }) => spread.observe({ from }, seconds)),
    );
    this.read('latchkey_revocations_live', 'Subjects that are revoked now', () => this.readings.feed().live);
    this.read(
      'latchkey_revocation_feed_staleness_seconds',
      'Since this instance last knew every revocation',
      () => this.readings.feed().stalenessSeconds,
    );
  }

  private readHashing(): void {
    const { hashing } = this.readings;
    this.read('latchkey_password_hashes_running', 'Password hashes under way', () => hashing().running);
    this.read('latchkey_password_hashes_waiting', 'Password hashes in the queue', () => hashing().waiting);
    this.read('latchkey_password_hash_queue_limit', 'How many may wait (HASH_QUEUE)', () => hashing().queue);
  }

  private readDatabase(): void {
    const { pool } = this.readings;
    this.read('latchkey_database_connections', 'Connections to the database, by state', (gauge) => {
      const { total, idle } = pool();
      gauge.set({ state: 'idle' }, idle);
      gauge.set({ state: 'busy' }, total - idle);
    });
    this.read(
      'latchkey_database_connections_limit',
      'Connections at most (DATABASE_POOL_SIZE)',
      () => pool().limit,
    );
    this.read(
      'latchkey_database_connections_awaited',
      'Statements that wait for a connection',
      () => pool().waiting,
    );
  }

  private readKeys(): void {
    this.read('latchkey_signing_keys', 'Keys that sign or verify, by state', (gauge) => {
      gauge.reset();
      for (const { algorithm, state } of this.readings.keys()) {
        for (const known of KEY_STATES) gauge.inc({ algorithm, state: known }, known === state ? 1 : 0);
      }
    });
    this.read(
      'latchkey_signing_key_rotation_due_timestamp_seconds',
      'When the key of the ring that signs is to have a successor',
      (gauge) => {
        const due = this.readings.keyDue();
        gauge.reset();
        if (due !== undefined) gauge.set(due);
      },
    );
  }

  /** A gauge that is read when somebody asks. */
  private read(
    name: string,
    help: string,
    collect: (gauge: Gauge<'state' | 'algorithm'>) => number | void,
  ): void {
    const gauge = new Gauge({
      name,
      help,
      labelNames: ['state', 'algorithm'],
      registers: [],
      collect: () => {
        const value = collect(gauge);
        if (value !== undefined) gauge.set(value);
      },
    });
    this.registry.registerMetric(gauge);
  }
}
