import { DataSource } from 'typeorm';
import { checkpointText, parseCheckpoint } from '../audit/audit-seal.js';
import { AUDIT_ENTITIES, AuditVerifier, type AuditVerification } from '../audit/audit.verifier.js';
import { loadConfig } from '../platform/config/env.schema.js';
import { readEnvironment } from '../platform/config/environment.js';
import { dataSourceOptions } from '../platform/database/data-source.js';
import { openDatabase } from '../platform/database/open-database.js';
import { EXIT, UsageError, type Command } from './command.js';
import { commandLog } from './command-log.js';

/**
 * Verifies the whole audit log and prints the end of its chain. Given such an end of an earlier day it also finds
 * whether the log was cut off since, which nothing inside the database can show. Exit status 1 where it finds a fault.
 */
export const auditVerifyCommand: Command = async ([argument], { json }, { out }) => {
  const against = argument === undefined ? undefined : parseCheckpoint(argument);
  if (argument !== undefined && !against) {
    throw new UsageError('a checkpoint is what audit verify printed: a number, a colon and a hash');
  }
  const { environment, problems } = await readEnvironment(undefined, undefined, false);
  const config = loadConfig(environment, problems);
  const log = commandLog();
  const database = await openDatabase(config.database, log);
  const pool = { ...config.database, poolSize: 1 };
  const dataSource = new DataSource(dataSourceOptions(database.target, pool, AUDIT_ENTITIES));
  try {
    await dataSource.initialize();
    const found = await AuditVerifier.on(dataSource, config.keys).verify(against);
    out(json ? `${JSON.stringify(asJson(found))}\n` : told(found));
    return found.fault ? EXIT.refused : EXIT.done;
  } finally {
    if (dataSource.isInitialized) await dataSource.destroy();
    await database.close();
  }
};

function asJson({ fault, seals, events, unsealed, keptFrom, checkpoint }: AuditVerification) {
  return {
    whole: fault === null,
    fault,
    seals,
    events,
    unsealed,
    kept_from: keptFrom,
    checkpoint: checkpoint && checkpointText(checkpoint),
  };
}

function told({ fault, seals, events, unsealed, keptFrom, checkpoint }: AuditVerification): string {
  if (fault) {
    const where = [fault.event && `event ${fault.event}`, fault.seal !== null && `seal ${fault.seal}`];
    return [
      `The audit log is not as it was written: ${fault.message} (${fault.kind}).`,
      `At ${where.filter(Boolean).join(', ')}. Everything before it is whole: ${events} events.`,
      '',
    ].join('\n');
  }
  const lines = [
    `The audit log is whole. Sealed events: ${events}, seals: ${seals}, events not sealed yet: ${unsealed}.`,
  ];
  if (keptFrom !== null) lines.push(`It begins with ${keptFrom}; what is older was dropped by retention.`);
  if (checkpoint) {
    const text = checkpointText(checkpoint);
    lines.push(
      `Checkpoint ${text}`,
      'Kept elsewhere and given to a later run it shows whether the end was cut off.',
    );
  }
  return `${lines.join('\n')}\n`;
}
