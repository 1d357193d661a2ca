import type { Log } from '../platform/kernel/log.js';

/**
 * Logs an uncaught error and ends the process with status 1. Node would print the whole error, and TypeORM's errors hold
 * the parameters of their query.
 */
export function reportCrashes(log: Log): void {
  const crash = (error: unknown): void => {
    log.fatal({ err: error }, 'crashed');
    process.exit(1);
  };
  process.on('uncaughtException', crash).on('unhandledRejection', crash);
}
