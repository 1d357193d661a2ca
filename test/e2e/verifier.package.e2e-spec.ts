import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const PROGRAM = `
import { createVerifier, VerifierError, type VerifiedToken } from '@latchkey/verifier';
import { authenticate } from '@latchkey/verifier/express';
import { authenticate as hook } from '@latchkey/verifier/fastify';

const verifier = createVerifier({
  issuer: 'https://id.example',
  audience: 'tasks',
  feed: { clientId: 'a', clientSecret: 'b' },
  maxStalenessSeconds: 300,
});
const token: VerifiedToken = await verifier.verify('a.b.c').catch((error: unknown) => {
  throw error instanceof VerifierError ? new Error(error.code) : error;
});
export const scope: ReadonlySet<string> = token.scopes;
export const guards = [authenticate(verifier), hook(verifier, { scopes: ['tasks:read'] })];
`;

/** The variables that the README's examples use and that its reader has. */
const READERS_OWN = `
declare const clientId: string, clientSecret: string, token: string;
declare const verifier: import('@latchkey/verifier').Verifier;
declare const remove: (request: object) => void;
declare const app: {
  get(path: string, options: object, handler: (request: object) => unknown): void;
  use(middleware: unknown): void;
  delete(path: string, middleware: unknown, handler: (request: object) => void): void;
};
`;

/** A folder outside the repository with the package as npm would publish it. */
let project: string;

beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), 'lk-package-'));
  const modules = join(project, 'node_modules');
  await mkdir(join(modules, '@latchkey', 'verifier'), { recursive: true });
  const pack = execFileSync('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', project], {
    cwd: resolve('packages/verifier'),
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [{ filename }] = JSON.parse(pack) as [{ filename: string }];
  const target = join(modules, '@latchkey', 'verifier');
  execFileSync('tar', ['-xzf', join(project, filename), '-C', target, '--strip-components=1']);
  for (const name of ['@types', 'typescript', 'undici-types']) {
    await symlink(resolve('node_modules', name), join(modules, name));
  }
  await writeFile(join(project, 'package.json'), '{"type":"module"}');
});
afterAll(() => rm(project, { recursive: true, force: true }));

describe('the published verifier', () => {
  it('needs no other package', async () => {
    const target = join(project, 'node_modules/@latchkey/verifier');
    const { dependencies } = (await import(join(target, 'package.json'), { with: { type: 'json' } })) as {
      dependencies?: object;
    };
    expect(dependencies).toBeUndefined();
    const script = `import { createVerifier } from '@latchkey/verifier'; console.log(typeof createVerifier)`;
    const output = execFileSync(process.execPath, ['--input-type=module', '--eval', script], {
      cwd: project,
    });
    expect(output.toString()).toBe('function\n');
    expect(await readdir(target)).not.toContain('src');
  });

  it('typechecks in a strict project outside the repository', async () => {
    await writeFile(join(project, 'program.ts'), PROGRAM);
    expect(faultsOf(['program.ts'])).toBe('');
  });

  it('has a README whose examples typecheck as they stand', async () => {
    // Nest's own declarations need packages that the example does without, hence skipLibCheck.
    for (const name of ['@nestjs', 'rxjs', 'reflect-metadata']) {
      await symlink(resolve('node_modules', name), join(project, 'node_modules', name));
    }
    const readme = await readFile('packages/verifier/README.md', 'utf8');
    const examples = [...readme.matchAll(/```(?:js|ts)\n(.*?)```/gs)].map(([, code]) => code ?? '');
    expect(examples).toHaveLength(4);
    const names = examples.map((_, index) => `example-${index}.ts`);
    for (const [index, code] of examples.entries()) {
      await writeFile(join(project, names[index] ?? ''), code);
    }
    await writeFile(join(project, 'readers-own.d.ts'), READERS_OWN);
    const options = ['--skipLibCheck', '--experimentalDecorators', '--emitDecoratorMetadata'];
    expect(faultsOf(['readers-own.d.ts', ...names], options)).toBe('');
  });
});

/** The errors of the compiler in strict mode, for files of the project; empty where there are none. */
function faultsOf(files: readonly string[], options: readonly string[] = []): string {
  const strict = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2023', '--types', 'node'];
  const tsc = join(project, 'node_modules/typescript/bin/tsc');
  const { stdout, stderr } = spawnSync(process.execPath, [tsc, ...strict, ...options, ...files], {
    cwd: project,
    encoding: 'utf8',
  });
  return stdout + stderr;
}
