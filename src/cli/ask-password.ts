import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';

/**
 * Reads a password from standard input: typed without an echo at a terminal, else the first line.
 * @returns undefined if standard input has no line
 */
export async function askPassword(question: string): Promise<string | undefined> {
  const { stdin, stderr } = process;
  const terminal = stdin.isTTY;
  if (terminal) stderr.write(question);
  const discarded = new Writable({ write: (_chunk, _encoding, done) => done() });
  const reader = createInterface({ input: stdin, output: discarded, terminal });
  const line = await new Promise<string | undefined>((resolve) => {
    reader.once('line', resolve);
    reader.once('close', () => resolve(undefined));
    reader.once('SIGINT', () => reader.close());
  });
  reader.close();
  if (terminal) stderr.write('\n');
  return line === '' ? undefined : line;
}
