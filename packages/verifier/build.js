import { build } from 'esbuild';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Builds the package. The token rules are not published, so they are bundled into dist/*.js; the type declarations of both
 * packages go to dist/types, where the verifier's import the token rules' by a relative path.
 */
const at = (path) => fileURLToPath(new URL(path, import.meta.url));

rmSync(at('dist'), { recursive: true, force: true });
await build({
  entryPoints: ['index', 'express', 'fastify', 'nest'].map((name) => at(`src/${name}.ts`)),
  outdir: at('dist'),
  chunkNames: 'chunks/[name]-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  external: ['@nestjs/*'],
  logLevel: 'warning',
});

const tsc = at('../../node_modules/typescript/bin/tsc');
execFileSync(process.execPath, [tsc, '-p', at('.')], { stdio: 'inherit' });
const types = at('dist/types');
for (const name of readdirSync(types, { recursive: true, encoding: 'utf8' })) {
  if (!name.endsWith('.d.ts')) continue;
  const file = join(types, name);
  const rules = relative(join(file, '..'), join(types, 'token-rules/src/index.js')).replaceAll('\\', '/');
  writeFileSync(file, readFileSync(file, 'utf8').replaceAll("'@latchkey/token-rules'", `'${rules}'`));
}
