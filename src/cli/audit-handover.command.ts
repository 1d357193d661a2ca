import { createPrivateKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { AuditFaultFound } from '../seals/seal-faults.js';
import { LateHandovers, type LateHandoverResult } from '../seals/late-handover.service.js';
import { checkpointText } from '../seals/seal.js';
import { none } from './arguments.js';
import { EXIT, UsageError, type Command } from './command.js';

/**
 * Hands the audit log over from a former root secret to the current one, for a secret that the settings do not name as a
 * previous one. Running instances go on sealing a second later. Exit status 1 if nothing is handed
 * over.
 */
export const auditHandoverCommand: Command = async (args, { oldSecretFile, json }, { out, err, withApp }) => {
  none(args);
  if (oldSecretFile === undefined) throw new UsageError('--old-secret-file is missing');
  const secret = await formerSecret(oldSecretFile);
  return withApp(async (app) => {
    try {
      const result = await app.get(LateHandovers).write(secret);
      const text = textOf(result, oldSecretFile);
      const isDone = result.outcome === 'written' || result.outcome === 'present';
      if (json) out(`${JSON.stringify(asJson(result))}\n`);
      else (isDone ? out : err)(`${text}\n`);
      return isDone ? EXIT.done : EXIT.refused;
    } catch (error) {
      if (!(error instanceof AuditFaultFound)) throw error;
      const { seal, message } = error.fault;
      err(`The audit log cannot be handed over. Its last seal, number ${seal}, has a fault: ${message}.\n`);
      return EXIT.refused;
    }
  });
};

function asJson(result: LateHandoverResult) {
  const checkpoint = result.outcome === 'written' ? checkpointText(result.checkpoint) : null;
  return { outcome: result.outcome, checkpoint };
}

function textOf(result: LateHandoverResult, file: string): string {
  switch (result.outcome) {
    case 'written':
      return `The audit log was handed over to the current secret. Checkpoint ${checkpointText(result.checkpoint)}`;
    case 'present':
      return 'The audit log was handed over from this secret before: nothing was changed.';
    case 'current':
      return `${file} holds the current secret: --old-secret-file takes the file with the former one.`;
    case 'unused':
      return `The secret in ${file} signed no seal of this audit log: nothing was changed.`;
  }
}

/** The secret, or what a private key in PEM stands for where there is no secret. @throws UsageError */
async function formerSecret(path: string): Promise<string | Buffer> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(`--old-secret-file: ${path} cannot be read (${error.code ?? 'error'})`);
  });
  const secret = text.trim();
  if (secret === '') throw new UsageError(`--old-secret-file: ${path} is empty`);
  if (!secret.startsWith('-----BEGIN')) return secret;
  try {
    return createPrivateKey(secret).export({ format: 'der', type: 'pkcs8' });
  } catch {
    throw new UsageError(`--old-secret-file: ${path} holds no private key that can be read`);
  }
}
