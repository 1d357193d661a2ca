import { execFileSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Builds the service and the verifier, each only if a source is newer than its build. */
const ROOT = fileURLToPath(new URL('..', import.meta.url));
const SHARED = ['packages/token-rules/src'];
const SETTINGS = ['package.json', 'package-lock.json', 'tsconfig.json'];

/** Whether a source is newer than a built file, or that file is missing. */
function isNewer(sources, built) {
  const builtAt = statSync(join(ROOT, built), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return sources.some((source) => newest(join(ROOT, source)) > builtAt);
}

function newest(path) {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (!stats?.isDirectory()) return stats?.mtimeMs ?? 0;
  const files = readdirSync(path, { recursive: true, encoding: 'utf8' }).filter(
    (name) => /\.(?:tsx?|css)$/.test(name) && !name.endsWith('.spec.ts'),
  );
  return Math.max(...files.map((name) => statSync(join(path, name)).mtimeMs));
}

function run(...args) {
  execFileSync(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'] });
}

/** @returns the names of the parts that were built */
export function buildWhatChanged() {
  const built = [];
  const service = [
    'src',
    'migrations',
    'packages/embedded-postgres/src',
    'esbuild.config.js',
    'docs/errors.md',
    'tsconfig.build.json',
  ];
  if (isNewer([...service, ...SHARED, ...SETTINGS], 'dist/main.js')) {
    process.stderr.write('Latchkey: building the service, which takes a few seconds …\n');
    run('node_modules/@nestjs/cli/bin/nest.js', 'build');
    run('esbuild.config.js');
    built.push('the service');
  }
  if (
    isNewer(
      ['packages/verifier/src', 'packages/verifier/build.js', ...SHARED],
      'packages/verifier/dist/index.js',
    )
  ) {
    process.stderr.write('Latchkey: building the verifier …\n');
    run('packages/verifier/build.js');
    built.push('the verifier');
  }
  return built;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) buildWhatChanged();
