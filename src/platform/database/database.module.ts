// Owns: the connection pool and its options. May import: kernel, config. Never: knows a table of another room.
import { type DynamicModule, Global, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { Clock } from '../kernel/clock.js';
import { LOG, type Log } from '../kernel/log.js';
import { ClockSync } from './clock-sync.js';
import { CONNECTION_TARGET, isPooled, type ConnectionTarget, type PoolSettings } from './connection.js';
import { dataSourceOptions } from './data-source.js';
import { DatabaseWrites } from './database-writes.js';
import { transactionSettings } from './session-settings.js';
import { Transactions } from './transaction.js';

/** One pool for the application; rooms register their entities with `TypeOrmModule.forFeature`. */
@Global()
@Module({})
export class DatabaseModule {
  static forRoot(target: ConnectionTarget, pool: PoolSettings): DynamicModule {
    const orm = TypeOrmModule.forRoot({
      ...dataSourceOptions(target, pool),
      autoLoadEntities: true,
      retryAttempts: 0,
    });
    // A pooler drops session settings but passes on those of a transaction.
    const settings = isPooled(target) ? transactionSettings(pool) : undefined;
    const transactions = {
      provide: Transactions,
      useFactory: (dataSource: DataSource) => new Transactions(dataSource, settings),
      inject: [DataSource],
    };
    return {
      module: DatabaseModule,
      imports: [orm],
      providers: [
        transactions,
        DatabaseWrites,
        { provide: CONNECTION_TARGET, useValue: target },
        {
          provide: ClockSync,
          inject: [Clock, DataSource, LOG],
          useFactory: (clock: Clock, dataSource: DataSource, log: Log) =>
            new ClockSync(clock, dataSource, log).start(),
        },
      ],
      exports: [orm, Transactions, DatabaseWrites, CONNECTION_TARGET],
    };
  }
}
