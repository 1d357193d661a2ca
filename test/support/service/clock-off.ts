import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { StartOptions } from './deployment.js';

/** Paths of libfaketime: of Debian's package `faketime`, and of an installation without a package. */
const LIBRARIES = [
  '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1',
  '/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1',
  '/usr/local/lib/faketime/libfaketimeMT.so.1',
];
const TRIED_SECONDS = 3600;
const NEAR_SECONDS = 60;

let known: string | undefined | false = false;

/**
 * Options that start an instance whose clock is wrong by a number of seconds. If libfaketime is installed and works
 * with this Node, the whole process reads the wrong time, including C code; otherwise only `Date.now` is wrong.
 */
export function clockOff(seconds: number): StartOptions {
  if (known === false) known = LIBRARIES.find((path) => existsSync(path) && isBelieved(path));
  if (known !== undefined) return { env: preload(known, seconds) };
  const shim = `const now = Date.now; Date.now = () => now() + ${seconds * 1000};`;
  return { nodeOptions: ['--import', `data:text/javascript,${encodeURIComponent(shim)}`] };
}

/** Changes only the time of day and leaves monotonic clocks alone. */
function preload(library: string, seconds: number): Record<string, string> {
  const offset = `${seconds < 0 ? '' : '+'}${seconds}`;
  return { LD_PRELOAD: library, FAKETIME: offset, FAKETIME_DONT_FAKE_MONOTONIC: '1' };
}

function isBelieved(library: string): boolean {
  const env = { PATH: process.env['PATH'], ...preload(library, TRIED_SECONDS) };
  const shown = execFileSync(process.execPath, ['-p', 'Date.now()'], { env, encoding: 'utf8' });
  return Math.abs(Number(shown) / 1000 - Date.now() / 1000 - TRIED_SECONDS) < NEAR_SECONDS;
}
