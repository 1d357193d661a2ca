import { rm } from 'node:fs/promises';
import type { TestRun } from './global-setup.js';

/** Stops the server of this run and removes its folder. */
export default async function globalTeardown(): Promise<void> {
  const run = (globalThis as TestRun).latchkeyTestPostgres;
  if (!run) return;
  await run.server.stop();
  await rm(run.folder, { recursive: true, force: true });
}
