/** The package for other services as it is published, and the example that uses it; loaded once, see built.ts. */
declare const importOnce: (specifier: string) => Promise<unknown>;

async function load<M>(path: string): Promise<M> {
  return (await importOnce(new URL(`../../../${path}`, import.meta.url).href)) as M;
}

type Index = typeof import('../../../packages/verifier/src/index.js');
type Express = typeof import('../../../packages/verifier/src/express.js');
type Fastify = typeof import('../../../packages/verifier/src/fastify.js');
type Nest = typeof import('../../../packages/verifier/src/nest.js');

export const { createVerifier, Verifier, VerifierError } = await load<Index>(
  'packages/verifier/dist/index.js',
);
export const express = await load<Express>('packages/verifier/dist/express.js');
export const fastify = await load<Fastify>('packages/verifier/dist/fastify.js');
export const nest = await load<Nest>('packages/verifier/dist/nest.js');

/** The verdict on a token, in one word. */
export async function verdictOf(verifier: InstanceType<Index['Verifier']>, token: string): Promise<unknown> {
  try {
    await verifier.verify(token);
    return 'accepted';
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
}

/** As much of the example as a test needs: it is plain JavaScript. */
export interface TaskManager {
  listen(where: { port: number; host: string }): Promise<string>;
  close(): Promise<void>;
}

export const { createTaskManager } = await load<{ createTaskManager: (verifier: unknown) => TaskManager }>(
  'examples/task-manager/app.js',
);
