import { open, rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { UsersExportService } from '../transfer/users-export.service.js';
import { EXIT, READS_ONLY, UsageError, type Command } from './command.js';

/** Only the owner may read the file, because it holds password hashes. */
const OWNER_ONLY = 0o600;

/**
 * Writes every user as a line of JSON, with the password hash, to a new file or to standard output. An incomplete file
 * is removed.
 */
export const usersExportCommand: Command = async ([path, ...rest], _options, { stream, err, withApp }) => {
  if (rest.length > 0) throw new UsageError('users export takes one file');
  return withApp(async (app) => {
    const lines = app.get(UsersExportService).lines();
    let users = 0;
    const counted = counting(lines, (count) => (users += count));
    if (path === undefined) await pipeline(counted, stream, { end: false });
    else await toNewFile(path, counted);
    err(`${users} users written to ${path ?? 'standard output'}, with their password hashes.\n`);
    return EXIT.done;
  }, READS_ONLY);
};

async function toNewFile(path: string, lines: AsyncIterable<string>): Promise<void> {
  const file = await open(path, 'wx', OWNER_ONLY);
  try {
    await pipeline(lines, file.createWriteStream({ flush: true }));
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
}

async function* counting(
  pages: AsyncIterable<string>,
  count: (users: number) => void,
): AsyncGenerator<string> {
  for await (const page of pages) {
    yield page;
    count(page.split('\n').length - 1);
  }
}
