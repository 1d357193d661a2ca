import { createLog, type Log } from '../platform/kernel/log.js';

/** The log of a command: errors alone, for a person, and not among what was asked for. */
export function commandLog(): Log {
  return createLog({ level: 'error', format: 'pretty', destination: process.stderr });
}
