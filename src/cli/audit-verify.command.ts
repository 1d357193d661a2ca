import { DataSource } from 'typeorm';
import { AUDIT_ENTITIES, AuditVerifier, type AuditVerification } from '../audit/audit.verifier.js';
import { loadConfig } from '../platform/config/env.schema.js';
import { readEnvironment } from '../platform/config/environment.js';
import { dataSourceOptions } from '../platform/database/data-source.js';
import { openDatabase } from '../platform/database/open-database.js';
import { checkpointText, parseCheckpoint } from '../seals/seal.js';
import { EXIT, UsageError, type Command } from './command.js';
import { commandLog } from './command-log.js';

/** The log of a year is read in one statement. */
const STATEMENT_MS = 600_000;

/**
 * Verifies the whole audit log and prints a checkpoint: the end of its chain. With a checkpoint of an earlier run it also
 * finds whether the end of the log was removed since, which the database alone cannot show. Exit status 1 if it finds a
 * fault.
 */
export const auditVerifyCommand: Command = async ([argument], { json, checkpoint }, { out }) => {
  if (argument !== undefined && checkpoint !== undefined) throw new UsageError('name one checkpoint');
  const given = checkpoint ?? argument;
  const against = given === undefined ? undefined : parseCheckpoint(given);
  if (given !== undefined && !against) {
    throw new UsageError(
      'the checkpoint must be a number, a colon and a hash, as the log of the service and audit verify print it',
    );
  }
  const { environment, problems } = await readEnvironment(undefined, undefined, false);
  const config = loadConfig(environment, problems);
  const log = commandLog();
  const database = await openDatabase(config.database, log);
  const pool = { ...config.database, poolSize: 1, statementTimeoutMs: STATEMENT_MS };
  const dataSource = new DataSource(dataSourceOptions(database.target, pool, AUDIT_ENTITIES));
  try {
    await dataSource.initialize();
    const found = await AuditVerifier.on(dataSource, config.keys).verify(against);
    out(json ? `${JSON.stringify(asJson(found))}\n` : asText(found));
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

function asText({ fault, seals, events, unsealed, keptFrom, checkpoint }: AuditVerification): string {
  if (fault) {
    const where = [fault.event && `event ${fault.event}`, fault.seal !== null && `seal ${fault.seal}`];
    return [
      `The audit log was changed after it was written: ${fault.message} (${fault.kind}).`,
      `At ${where.filter(Boolean).join(', ')}. The ${events} events before it are unchanged.`,
      '',
    ].join('\n');
  }
  const lines = [
    `The audit log is complete. Sealed events: ${events}, seals: ${seals}, events without a seal yet: ${unsealed}.`,
  ];
  if (keptFrom !== null) lines.push(`It begins with ${keptFrom}; retention deleted older events.`);
  if (checkpoint) {
    const text = checkpointText(checkpoint);
    lines.push(
      `Checkpoint ${text}`,
      'Keep the checkpoint elsewhere: a later run that is given it shows whether the end of the log was removed.',
    );
  }
  return `${lines.join('\n')}\n`;
}
