import { open, readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { UsersImportService, type ImportCounts } from '../transfer/users-import.service.js';
import { FirebaseParameters } from '../passwords/exported-parts.js';
import type { RowRefusal } from '../transfer/user-row.js';
import { EXIT, UsageError, type Command, type CommandOptions } from './command.js';
import { FileFault, FORMATS, readUsers, type Format } from './user-file.js';

/**
 * Imports the users of a file. Writes only after a known password has verified against its hash in the file, or with
 * `--without-proof`. Exit status 1 if lines were refused, or the password did not verify.
 */
export const usersImportCommand: Command = async ([path, ...rest], options, host) => {
  const { prove, withoutProof, dryRun, json } = options;
  const format = path === undefined ? undefined : formatOf(path, options);
  if (path === undefined || rest.length > 0) throw new UsageError('users import needs a file');
  if (!format)
    throw new UsageError(
      `the format is not clear from the name of the file: add --format ${FORMATS.join(' or ')}`,
    );
  if (prove === undefined ? !withoutProof && !dryRun : withoutProof) {
    throw new UsageError(
      'users import needs --prove EMAIL, of a user of the file whose password you know (it is read from standard ' +
        'input), or --without-proof',
    );
  }
  const firebase = options.firebase === undefined ? undefined : await firebaseParameters(options.firebase);
  const access = { readsOnly: dryRun };
  const file = await open(path);
  try {
    const password = prove === undefined ? undefined : await host.password(`Password of ${prove}: `);
    if (prove !== undefined && password === undefined) throw new UsageError('no password on standard input');
    return await host.withApp(async (app) => {
      const service = app.get(UsersImportService);
      if (prove !== undefined && password !== undefined) {
        const proven = await service.prove(readUsers(file, format), { email: prove, password }, firebase);
        if (!proven) {
          host.err(unproven(proven === undefined));
          return EXIT.refused;
        }
      }
      const counts = await service.run(readUsers(file, format), {
        dryRun,
        proven: prove !== undefined,
        firebase,
        refused: (line, refusal) => host.out(refusedLine(line, refusal, json)),
        progress: ({ lines, added, present, refused }) =>
          host.progress(lines, `${lines} lines: ${added} added, ${present} present, ${refused} refused`),
      });
      host.out(json ? `${JSON.stringify(asJson(counts, dryRun))}\n` : asText(counts, dryRun));
      return counts.refused > 0 ? EXIT.refused : EXIT.done;
    }, access);
  } finally {
    await file.close();
  }
};

function formatOf(path: string, { format }: CommandOptions): Format | undefined {
  const named = format ?? extname(path).slice(1).toLowerCase();
  return FORMATS.find((known) => known === (named === 'jsonl' ? 'ndjson' : named));
}

/** @throws FileFault, without the content of the file, which is a secret */
async function firebaseParameters(path: string): Promise<FirebaseParameters> {
  const fault = `${path} does not hold the hash parameters of a Firebase project`;
  const text = await readFile(path, 'utf8');
  try {
    return FirebaseParameters.parse(JSON.parse(text));
  } catch {
    throw new FileFault(fault);
  }
}

function unproven(absent: boolean): string {
  const why = absent
    ? 'the file has no such user, or the line of the user would be refused'
    : 'the password does not verify against the hash in the file';
  return `latchkey: ${why}; nothing was imported\n`;
}

function refusedLine(line: number, { field, reason }: RowRefusal, json: boolean): string {
  if (json) return `${JSON.stringify({ line, field, reason })}\n`;
  return `line ${line}: ${field === '' ? '' : `${field}: `}${reason}\n`;
}

function asJson({ unknownRoles, ...counts }: ImportCounts, dryRun: boolean) {
  return { dry_run: dryRun, ...counts, unknown_roles: unknownRoles };
}

function asText(
  { lines, added, present, refused, schemes, unknownRoles }: ImportCounts,
  dryRun: boolean,
): string {
  const by = Object.entries(schemes).sort(([, one], [, other]) => other - one);
  return [
    `${lines} users: ${added} ${dryRun ? 'would be added' : 'added'}, ${present} present already, ${refused} refused.`,
    ...by.map(([scheme, count]) => `  ${scheme.padEnd(24)}${count}`),
    ...(unknownRoles.length > 0 ? [`Roles that do not exist: ${unknownRoles.join(', ')}`] : []),
    '',
  ].join('\n');
}
