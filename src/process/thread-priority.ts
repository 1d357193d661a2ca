import { readdirSync } from 'node:fs';
import { setPriority } from 'node:os';

/** Where 0 is usual and 19 gives way to everything. */
const GIVES_WAY = 10;

/**
 * Lets the thread that answers requests go before all others of this process, which hash passwords: a storm of log-ins
 * then uses what is left of the processors, and checking a token takes as long as before. Linux alone has priorities
 * by thread. Call it once the threads are there, which is after the first hash.
 */
export function answerFirst(): void {
  if (process.platform !== 'linux') return;
  const main = String(process.pid);
  for (const thread of readdirSync('/proc/self/task').filter((id) => id !== main)) {
    try {
      setPriority(Number(thread), GIVES_WAY);
    } catch {
      // A thread that has ended meanwhile, or a sandbox that does not allow it: slower under load, and no fault.
    }
  }
}
