import { createLog, type Log } from '../platform/kernel/log.js';

/** The log of a command: only errors, as readable text on standard error, apart from the command's output. */
export function commandLog(): Log {
  return createLog({ level: 'error', format: 'pretty', destination: process.stderr });
}
