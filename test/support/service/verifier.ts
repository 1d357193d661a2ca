/** The verifier package as it is published, and the example that uses it; loaded once per worker, see built.ts. */
declare const importOnce: (specifier: string) => Promise<unknown>;

async function load<M>(specifier: string): Promise<M> {
  return (await importOnce(specifier)) as M;
}

type Index = typeof import('@latchkey/verifier');
type Express = typeof import('@latchkey/verifier/express');
type Fastify = typeof import('@latchkey/verifier/fastify');
type Nest = typeof import('@latchkey/verifier/nest');

export const { createVerifier, Verifier, VerifierError } = await load<Index>('@latchkey/verifier');
export const express = await load<Express>('@latchkey/verifier/express');
export const fastify = await load<Fastify>('@latchkey/verifier/fastify');
export const nest = await load<Nest>('@latchkey/verifier/nest');

/** The verifier's verdict on a token as one word. */
export async function verdictOf(verifier: InstanceType<Index['Verifier']>, token: string): Promise<unknown> {
  try {
    await verifier.verify(token);
    return 'accepted';
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
}

/** Types of the parts of the example that tests use; the example is plain JavaScript. */
export interface TaskManager {
  listen(where: { port: number; host: string }): Promise<string>;
  close(): Promise<void>;
}

export const { createTaskManager } = await load<{ createTaskManager: (verifier: unknown) => TaskManager }>(
  new URL('../../../examples/task-manager/app.js', import.meta.url).href,
);
