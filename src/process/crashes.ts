import type { Log } from '../platform/kernel/log.js';

/**
 * Logs what nobody catches, and ends the process with status 1. Node would print the error whole, and TypeORM's hold the
 * parameters of their query.
 */
export function reportCrashes(log: Log): void {
  const crash = (error: unknown): void => {
    log.fatal({ err: error }, 'crashed');
    process.exit(1);
  };
  process.on('uncaughtException', crash).on('unhandledRejection', crash);
}
