import type { Log } from './kernel/log.js';

/** A request that was answered. */
export interface Answered {
  readonly request_id: string;
  readonly method: string;
  /** The route's pattern, not the path: a path may hold what a log must not. */
  readonly route: string;
  readonly status: number;
}

/** Writes a line for a request that was answered, and how long that took in milliseconds. */
export type AccessLog = (answered: Answered, milliseconds: number) => void;

export function accessLog(log: Log): AccessLog {
  return (answered, milliseconds) =>
    log.info({ ...answered, duration_ms: Math.round(milliseconds * 10) / 10 }, 'request');
}
