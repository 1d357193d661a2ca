import { DataSource } from 'typeorm';
import { AuditBatches } from '../../../src/audit/audit-batches.js';
import { AuditEventsRepository } from '../../../src/audit/audit-events.repository.js';
import type { NewAuditEvent } from '../../../src/audit/audit-event.js';
import { AuditMonthsRepository } from '../../../src/audit/audit-months.repository.js';
import { AuditRetention } from '../../../src/audit/audit.retention.js';
import { AuditSealer } from '../../../src/audit/audit.sealer.js';
import { AuditService } from '../../../src/audit/audit.service.js';
import { AUDIT_ENTITIES, AuditVerifier } from '../../../src/audit/audit.verifier.js';
import type { KeyConfig } from '../../../src/platform/config/config.js';
import { loadConfig } from '../../../src/platform/config/env.schema.js';
import { dataSourceOptions } from '../../../src/platform/database/data-source.js';
import { Transactions, type Transaction } from '../../../src/platform/database/transaction.js';
import { AuditKeys } from '../../../src/seals/audit-keys.js';
import { Handovers } from '../../../src/seals/handovers.js';
import { LateHandovers } from '../../../src/seals/late-handover.service.js';
import { SealChain } from '../../../src/seals/seal-chain.js';
import type { AuditFaultKind } from '../../../src/seals/seal-faults.js';
import { SealReader } from '../../../src/seals/seal-reader.js';
import type { Checkpoint } from '../../../src/seals/seal.js';
import { SealsRepository } from '../../../src/seals/seals.repository.js';
import { createLog } from '../../../src/platform/kernel/log.js';
import { TestClock } from '../service/clock.js';
import { createDatabase, type TestDatabase } from './database.js';
import { newSecret } from '../service/server.js';

const POOL = { poolSize: 16, connectTimeoutMs: 5000, statementTimeoutMs: 10_000 };
const SETTLE_MS = 10_000;

/** The classes of src/audit and src/seals on a database, without the application; stands for one instance of the service. */
export class AuditRoom {
  readonly clock = new TestClock();
  readonly events = new AuditEventsRepository();
  readonly batches = new AuditBatches(this.events);
  readonly seals = new SealsRepository();
  readonly months = new AuditMonthsRepository();
  readonly reader = new SealReader(this.seals);
  readonly keys: AuditKeys;
  readonly transactions: Transactions;
  readonly service: AuditService;
  readonly chain: SealChain;
  readonly retention: AuditRetention;
  readonly sealer: AuditSealer;
  readonly verifier: AuditVerifier;
  readonly lateHandovers: LateHandovers;

  constructor(
    readonly dataSource: DataSource,
    config: Partial<KeyConfig>,
  ) {
    const { clock, events, batches, seals, months, reader } = this;
    const { manager } = dataSource;
    const { secret: rootSecret, previousSecrets: previousRootSecrets = [] } = config;
    const keys = AuditKeys.of({ ...DEFAULTS, ...config, rootSecret, previousRootSecrets });
    this.keys = keys;
    const log = createLog({ level: 'silent', format: 'json' });
    const transactions = new Transactions(dataSource);
    this.transactions = transactions;
    const chain = new SealChain(seals, keys, log);
    this.chain = chain;
    const handovers = new Handovers(seals, keys);
    this.service = new AuditService(events, keys, manager, clock);
    this.retention = new AuditRetention(months, chain, reader, transactions, manager, clock);
    this.sealer = new AuditSealer(
      batches,
      chain,
      handovers,
      this.retention,
      transactions,
      manager,
      clock,
      log,
    );
    this.verifier = new AuditVerifier(dataSource, events, reader, months, keys);
    this.lateHandovers = new LateHandovers(seals, keys, transactions, clock);
  }

  /** Records events, each in its own transaction or all in the given one. */
  async record(count: number, transaction?: Transaction, change: Partial<NewAuditEvent> = {}): Promise<void> {
    for (let index = 0; index < count; index++) {
      const event: NewAuditEvent = {
        action: 'user.roles_changed',
        actor: 'root',
        subject: { kind: 'user', id: `u${index}` },
        origin: { ip: '192.0.2.1', userAgent: 'curl', requestId: 'r1' },
        // The keys are in another order than PostgreSQL stores them.
        details: { version: 2, before: ['user'], roles: ['admin', 'user'] },
        ...change,
      };
      if (transaction) await this.service.record(transaction, event);
      else await this.transactions.run((own) => this.service.record(own, event));
    }
  }

  /** The kind of the first fault, or the result of an intact log. */
  async verdict(against?: Checkpoint): Promise<AuditFaultKind | 'whole'> {
    return (await this.verifier.verify(against)).fault?.kind ?? 'whole';
  }

  /** Seals all events, once every transaction of other tests on the server is newer than the last event. */
  async seal(): Promise<number> {
    const deadline = Date.now() + SETTLE_MS;
    while (!(await this.isSettled())) {
      if (Date.now() > deadline) throw new Error('a transaction on the server does not end');
    }
    return this.sealer.seal();
  }

  /** Seals although the end is under the key of another secret, whose instances are gone. */
  async takeOver(): Promise<number> {
    await this.seal();
    this.clock.move(10_000);
    return this.seal();
  }

  /** Retries work that fails while another connection, for example autovacuum, holds a lock. */
  async patiently(work: (retention: AuditRetention) => Promise<void>): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await work(this.retention);
      } catch (error) {
        if (attempt === 20) throw error;
      }
    }
  }

  private async isSettled(): Promise<boolean> {
    const rows: Array<{ settled: boolean }> = await this.dataSource.query(
      `SELECT NOT EXISTS (SELECT 1 FROM audit_events
        WHERE transaction_id >= pg_snapshot_xmin(pg_current_snapshot())
          AND transaction_id <= pg_snapshot_xmax(pg_current_snapshot())) AS settled`,
    );
    return rows[0]?.settled ?? true;
  }
}

const DEFAULTS = loadConfig({ SECRET_KEY: newSecret() }).keys;

/** A database whose audit log is emptied between tests, with statements that tests run by hand. */
export class AuditDatabase {
  private constructor(
    readonly database: TestDatabase,
    readonly dataSource: DataSource,
  ) {}

  static async create(): Promise<AuditDatabase> {
    const database = await createDatabase();
    const dataSource = new DataSource(dataSourceOptions(database.target, POOL, AUDIT_ENTITIES));
    return new AuditDatabase(database, await dataSource.initialize());
  }

  async empty(): Promise<void> {
    await this.database.query('TRUNCATE audit_events, audit_seals');
  }

  /** The events in the order of the log. */
  async ids(): Promise<string[]> {
    const rows = await this.database.query<{ id: string }>(
      'SELECT id FROM audit_events ORDER BY era, transaction_id, id',
    );
    return rows.map(({ id }) => id);
  }

  async drop(): Promise<void> {
    await this.dataSource.destroy();
    await this.database.drop();
  }
}
