import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { subscribe } from './events.js';
import type { MetricsSource } from './metrics.server.js';

/** Values that are read at each scrape. Each is cheap to read and needs no query. */
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
  /** The fault of the audit log where it is not sealed any more, and for how long its events have waited for a seal. */
  readonly audit: () => { readonly isAlarmed: boolean; readonly delaySeconds: number };
  readonly keys: () => ReadonlyArray<{ readonly state: string; readonly algorithm: string }>;
  /** Rows of the key ring that are no keys, because this service did not write them. */
  readonly rejectedKeys: () => number;
  /** When the signing key is due for rotation, in Unix seconds; undefined for keys that do not rotate by themselves. */
  readonly keyDue: () => number | undefined;
}

/** In seconds: a login takes tens of milliseconds, a verification less than one. */
const REQUEST_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** In seconds, around the one second in which a revocation must reach every instance. */
const SPREAD_BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 10, 30];
/** Labels that start at zero: Prometheus sees no increase when a counter appears, so alerts would miss the first event. */
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
 * The metrics of one instance in the format of Prometheus. Counts the events that rooms publish (events.ts) and reads
 * gauges at each scrape. Clients cannot choose the value of any label: routes are patterns, and codes are a closed list.
 */
export class ServiceMetrics implements MetricsSource {
  private readonly registry = new Registry();
  private readonly unsubscribers: Array<() => void> = [];

  constructor(private readonly readings: Readings) {
    collectDefaultMetrics({ register: this.registry });
    this.countRequests();
    this.countLogins();
    this.countRevocations();
    this.readHashing();
    this.readDatabase();
    this.readKeys();
    this.readAudit();
    this.read('latchkey_ready', '1 where this instance is ready for requests, otherwise 0', () =>
      this.readings.ready() ? 1 : 0,
    );
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  text(): Promise<string> {
    return this.registry.metrics();
  }

  /** Unsubscribes from the events. */
  close(): void {
    for (const unsubscribe of this.unsubscribers.splice(0)) unsubscribe();
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
    this.unsubscribers.push(
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
    for (const [name, metric, subject] of [
      ['login', 'latchkey_logins_total', 'Logins'],
      ['refresh', 'latchkey_refreshes_total', 'Refresh tokens presented'],
    ] as const) {
      const help = `${subject}, by result or by error code of the refusal`;
      const counter = new Counter({
        name: metric,
        help,
        labelNames: ['outcome'],
        registers: [this.registry],
      });
      for (const outcome of FROM_ZERO[name]) counter.inc({ outcome }, 0);
      this.unsubscribers.push(subscribe(name, (outcome) => counter.inc({ outcome })));
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
      help: 'Time from a revocation, on this or another instance, until this instance refuses its tokens',
      labelNames: ['from'],
      buckets: SPREAD_BUCKETS,
      registers,
    });
    for (const kind of FROM_ZERO.revoked) made.inc({ kind, effect: 'dead' }, 0);
    made.inc({ kind: 'user', effect: 'stale' }, 0);
    this.unsubscribers.push(
      subscribe('revoked', ({ kind, effect, count }) => made.inc({ kind, effect }, count)),
      subscribe('revocationArrived', ({ from, seconds }) => spread.observe({ from }, seconds)),
    );
    this.read('latchkey_revocations_live', 'Subjects that are revoked now', () => this.readings.feed().live);
    this.read(
      'latchkey_revocation_feed_staleness_seconds',
      'Seconds since this instance last knew every revocation',
      () => this.readings.feed().stalenessSeconds,
    );
  }

  private readHashing(): void {
    const { hashing } = this.readings;
    this.read('latchkey_password_hashes_running', 'Password hashes under way', () => hashing().running);
    this.read('latchkey_password_hashes_waiting', 'Password hashes in the queue', () => hashing().waiting);
    this.read(
      'latchkey_password_hash_queue_limit',
      'How many password hashes may wait (HASH_QUEUE)',
      () => hashing().queue,
    );
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
      'The most connections to the database (DATABASE_POOL_SIZE)',
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
      'latchkey_signing_keys_rejected',
      'Rows of the key ring that are no keys, because another program wrote or changed them',
      () => this.readings.rejectedKeys(),
    );
    this.read(
      'latchkey_signing_key_rotation_due_timestamp_seconds',
      'When the signing key of the ring is due for rotation',
      (gauge) => {
        const due = this.readings.keyDue();
        gauge.reset();
        if (due !== undefined) gauge.set(due);
      },
    );
  }

  private readAudit(): void {
    const { audit } = this.readings;
    this.read(
      'latchkey_audit_alarm',
      '1 where this instance does not seal the audit log, because it was changed or is under an unknown key',
      () => (audit().isAlarmed ? 1 : 0),
    );
    this.read(
      'latchkey_audit_seal_delay_seconds',
      'For how long events have waited for a seal',
      () => audit().delaySeconds,
    );
  }

  /** Registers a gauge that is read at each scrape. */
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
