import { randomBytes } from 'node:crypto';
import { chmod, link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { parse } from 'dotenv';

/** A proposal is withdrawn only when `file` has a secret, so a second attempt finds one or the other. */
const ATTEMPTS = 10;

/**
 * Returns the `SECRET_KEY` in `file`; where the file has none, makes one and writes it there (mode 0600). Processes that
 * start at the same moment return the same secret, without a lock: only the first can link its proposal beside the file,
 * and every process writes the linked proposal. A proposal counts only while `file` has no secret, so the file is read
 * again after the proposal. The next process adopts the proposal of a process that was killed.
 * @throws the system's error where the file cannot be read or written
 */
export async function generateSecret(file: string): Promise<{ secret: string; generated: boolean }> {
  const proposal = randomBytes(32).toString('hex');
  const proposed = `${file}.proposed`;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const existing = parse(await textOf(file))['SECRET_KEY'];
    if (existing) return { secret: existing, generated: false };
    await propose(proposed, proposal);
    const agreed = await textOf(proposed);
    if (agreed === '') continue;
    const text = await textOf(file);
    if (!parse(text)['SECRET_KEY']) {
      const separator = text === '' || text.endsWith('\n') ? '' : '\n';
      await replace(file, `${text}${separator}SECRET_KEY=${agreed}\n`);
    }
    await rm(proposed, { force: true });
    const secret = parse(await textOf(file))['SECRET_KEY'];
    if (secret) return { secret, generated: secret === proposal };
  }
  throw new Error(`${file} has no SECRET_KEY although one was written; is another program changing it?`);
}

/** Links a file with the proposal to `path`, unless another process was first. */
async function propose(path: string, proposal: string): Promise<void> {
  const temporary = `${path}.${process.pid}.${proposal.slice(0, 8)}`;
  await writeFile(temporary, proposal, { mode: 0o600 });
  try {
    await link(temporary, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(temporary, { force: true });
  }
}

async function replace(file: string, text: string): Promise<void> {
  const temporary = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`;
  await writeFile(temporary, text, { mode: 0o600 });
  await chmod(temporary, 0o600);
  await rename(temporary, file);
}

/** The text of a file; empty where the file does not exist. */
async function textOf(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
}
