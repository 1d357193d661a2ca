import { open, readFile } from 'node:fs/promises';
import { FirebaseParameters } from '../passwords/exported-parts.js';
import { FileFault } from '../platform/files/file-bytes.js';
import { kindByName, readRecords, type CsvColumns, type FileKind } from '../platform/files/record-file.js';
import type { ImportFormat } from '../transfer/formats/format.js';
import { FORMATS, isFormatName, type FormatName } from '../transfer/formats/formats.js';
import { ImportProof } from '../transfer/import-proof.service.js';
import type { Conflict, ImportCounts } from '../transfer/import-run.js';
import type { RowContext, RowRefusal } from '../transfer/user-row.js';
import { UsersImportService } from '../transfer/users-import.service.js';
import { EXIT, UsageError, type Command, type CommandOptions } from './command.js';

/** How a file is to be read. */
interface Source {
  readonly format: FormatName;
  readonly kind: FileKind;
}

/**
 * Imports the users of a file. Writes only after a known password has verified against its hash in the file, or with
 * `--without-proof`. Exit status 1 if records were refused or in conflict, or the password did not verify.
 */
export const usersImportCommand: Command = async ([path, ...rest], options, host) => {
  const { prove, dryRun, takeOver, json } = options;
  if (path === undefined || rest.length > 0) throw new UsageError('users import needs a file');
  const { format, kind } = sourceOf(path, options);
  assertProof(options);
  const firebase = options.firebase === undefined ? undefined : await firebaseParameters(options.firebase);
  const context: RowContext = { format, firebase };
  const file = await open(path);
  const read = () => readRecords(file, kind, columnsOf(format));
  try {
    const password = prove === undefined ? undefined : await host.password(`Password of ${prove}: `);
    if (prove !== undefined && password === undefined) throw new UsageError('no password on standard input');
    return await host.withApp(
      async (app) => {
        if (prove !== undefined && password !== undefined) {
          const proven = await app.get(ImportProof).prove(read(), { email: prove, password }, context);
          if (!proven) {
            host.err(unproven(proven === undefined));
            return EXIT.refused;
          }
        }
        const counts = await app.get(UsersImportService).run(read(), {
          dryRun,
          takeOver,
          proven: prove !== undefined,
          context,
          refused: (line, refusal) => host.out(refusedLine(line, refusal, json)),
          conflict: (line, conflict) => host.out(conflictLine(line, conflict, json)),
          progress: ({ lines, added, present, conflicts, refused }) =>
            host.progress(
              lines,
              `${lines} users: ${added} added, ${present} present, ${conflicts} in conflict, ${refused} refused`,
            ),
        });
        host.out(json ? `${JSON.stringify(asJson(counts, dryRun))}\n` : asText(counts, dryRun));
        return counts.refused + counts.conflicts > 0 ? EXIT.refused : EXIT.done;
      },
      { readsOnly: dryRun },
    );
  } finally {
    await file.close();
  }
};

/** @throws UsageError */
function sourceOf(path: string, { format = 'latchkey' }: CommandOptions): Source {
  if (format === 'csv' || format === 'ndjson') return { format: 'latchkey', kind: format };
  const names = Object.keys(FORMATS).filter((name) => name !== 'latchkey');
  if (!isFormatName(format)) {
    throw new UsageError(`unknown format '${format}': it is one of ${names.join(', ')}, or csv or ndjson`);
  }
  const { kinds }: ImportFormat = FORMATS[format];
  const kind = kindByName(path) ?? (kinds.length === 1 ? kinds[0] : undefined);
  if (kind === undefined && format === 'latchkey') {
    throw new UsageError(
      'the format is not clear from the name of the file: add --format csv, ndjson or the name of a system',
    );
  }
  if (kind === undefined || !kinds.includes(kind)) {
    throw new UsageError(`the name of a file of ${format} ends in .${kinds.join(' or .')}`);
  }
  return { format, kind };
}

/** Other systems' files have more columns than are read. */
function columnsOf(format: FormatName): CsvColumns {
  const { columns = () => undefined }: ImportFormat = FORMATS[format];
  return columns;
}

/** @throws UsageError */
function assertProof({ prove, withoutProof, dryRun }: CommandOptions): void {
  if (prove === undefined ? withoutProof || dryRun : !withoutProof) return;
  throw new UsageError(
    'users import needs --prove EMAIL, of a user of the file whose password you know (it is read from standard ' +
      'input), or --without-proof',
  );
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
    ? 'the file has no such user with a password, or the record of the user would be refused'
    : 'the password does not verify against the hash in the file';
  return `latchkey: ${why}; nothing was imported\n`;
}

function refusedLine(line: number, { field, reason }: RowRefusal, json: boolean): string {
  if (json) return `${JSON.stringify({ line, field, reason })}\n`;
  return `line ${line}: ${field === '' ? '' : `${field}: `}${reason}\n`;
}

function conflictLine(line: number, { field, account }: Conflict, json: boolean): string {
  if (json) return `${JSON.stringify({ line, field, reason: 'taken', account })}\n`;
  return `line ${line}: ${field}: another account has it (${account})\n`;
}

function asJson({ unknownRoles, ...counts }: ImportCounts, dryRun: boolean) {
  return { dry_run: dryRun, ...counts, unknown_roles: unknownRoles };
}

function asText(counts: ImportCounts, dryRun: boolean): string {
  const { lines, added, present, conflicts, taken_over: takenOver, refused, unknownRoles } = counts;
  const by = Object.entries(counts.schemes).sort(([, one], [, other]) => other - one);
  const outcome = [
    `${added} ${dryRun ? 'would be added' : 'added'}`,
    `${present} present already`,
    ...(takenOver > 0 ? [`${takenOver} taken over`] : []),
    ...(conflicts > 0 ? [`${conflicts} in conflict`] : []),
    `${refused} refused`,
  ];
  return [
    `${lines} users: ${outcome.join(', ')}.`,
    ...by.map(([scheme, count]) => `  ${scheme.padEnd(26)}${count}`),
    ...(conflicts > 0
      ? ['Accounts in conflict were left as they are; --take-over gives them to the users of the file.']
      : []),
    ...(unknownRoles.length > 0 ? [`Roles that do not exist: ${unknownRoles.join(', ')}`] : []),
    '',
  ].join('\n');
}
