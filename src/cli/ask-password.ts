import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';

/**
 * A password from standard input: typed without an echo where it is a terminal, else its first line.
 * @returns undefined where there is none
 */
export async function askPassword(question: string): Promise<string | undefined> {
  const { stdin, stderr } = process;
  const terminal = stdin.isTTY;
  if (terminal) stderr.write(question);
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const reader = createInterface({ input: stdin, output: nowhere, terminal });
  const line = await new Promise<string | undefined>((resolve) => {
    reader.once('line', resolve);
    reader.once('close', () => resolve(undefined));
    reader.once('SIGINT', () => reader.close());
  });
  reader.close();
  if (terminal) stderr.write('\n');
  return line === '' ? undefined : line;
}
