import { context } from 'esbuild';
import { fork, spawn } from 'node:child_process';
import { watch } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { options } from '../esbuild.config.js';
import { buildWhatChanged } from './build.js';

/**
 * `npm run dev`: starts the service, and packs and restarts it after each change of a source. The compiler and esbuild
 * keep running, so that only changed files are processed. After a change that cannot be packed the old service goes on.
 */
/** Delay before packing, because the compiler writes several files in a row. */
const SETTLE_MS = 60;

let service;
const change = { at: 0 };

function say(text) {
  process.stderr.write(`Latchkey: ${text}\n`);
}

function start() {
  service = fork('dist/main.js', { execArgv: ['--enable-source-maps', '--heap-growing-percent=80'] });
  service.once('exit', (code) => {
    if (code) say(`the service ended with status ${code}; it starts again after the next change`);
  });
}

async function stop() {
  if (!service || service.exitCode !== null || service.signalCode !== null) return;
  const ended = new Promise((resolve) => service.once('exit', resolve));
  service.kill('SIGTERM');
  await ended;
}

async function settled() {
  while (change.at === 0 || performance.now() - change.at < SETTLE_MS) await delay(SETTLE_MS / 2);
  change.at = 0;
}

buildWhatChanged();
start();
const packer = await context({ ...options, logLevel: 'error' });
await packer.rebuild();
const tsc = [
  'node_modules/typescript/bin/tsc',
  '-p',
  'tsconfig.build.json',
  '--watch',
  '--preserveWatchOutput',
];
const compiler = spawn(process.execPath, tsc, { stdio: ['ignore', 'ignore', 'inherit'] });
for (const folder of [
  'dist/src',
  'dist/migrations',
  'packages/token-rules/src',
  'packages/embedded-postgres/src',
]) {
  watch(folder, { recursive: true }, () => (change.at = performance.now()));
}
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    compiler.kill();
    void stop().then(() => process.exit(0));
  });
}
for (;;) {
  await settled();
  const begun = performance.now();
  try {
    await packer.rebuild();
  } catch {
    say('not packed; the service goes on as it was');
    continue;
  }
  await stop();
  start();
  say(`packed and restarted after ${((performance.now() - begun) / 1000).toFixed(1)} s`);
}
