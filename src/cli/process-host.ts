import { createInterface } from 'node:readline/promises';
import { escaped } from '../platform/kernel/escaped.js';
import { askPassword } from './ask-password.js';
import type { CommandHost } from './command.js';
import { Progress } from './progress.js';

/** The host of commands that people and scripts run. A terminal must not obey the characters of names and tokens. */
export function processHost(): CommandHost {
  const progress = new Progress();
  return {
    out: (text) => {
      progress.end();
      process.stdout.write(escaped(text));
    },
    stream: process.stdout,
    // Read on first use: an open standard input keeps the process alive.
    get input() {
      return process.stdin;
    },
    err: (text) => {
      progress.end();
      process.stderr.write(escaped(text));
    },
    progress: (done, text) => progress.show(done, text),
    password: askPassword,
    ask,
    // Imported on first use, because it loads the whole service.
    withApp: async (work, options) => (await import('./with-app.js')).withApp(work, options),
  };
}

async function ask(question: string): Promise<string | undefined> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return undefined;
  const reader = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await reader.question(question);
  } finally {
    reader.close();
  }
}
