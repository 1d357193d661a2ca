import { build } from 'esbuild';
import { fileURLToPath } from 'node:url';

/** Packs the verifier with the token rules, which are no package of their own for anybody else. */
const at = (path) => fileURLToPath(new URL(path, import.meta.url));

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
