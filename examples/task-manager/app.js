import { authenticate, tokenOf } from '@latchkey/verifier/fastify';
import Fastify from 'fastify';
import { randomUUID } from 'node:crypto';

/**
 * A list of tasks. Any valid token may read and add tasks; deleting one requires the scope `tasks:delete`. The verifier
 * checks tokens in memory, so no request of a client causes a request to Latchkey.
 *
 * @param {import('@latchkey/verifier').Verifier} verifier
 */
export function createTaskManager(verifier) {
  const app = Fastify();
  const tasks = new Map();
  const signedIn = { onRequest: authenticate(verifier) };
  const mayDelete = { onRequest: authenticate(verifier, { scopes: ['tasks:delete'] }) };

  app.get('/tasks', signedIn, async () => [...tasks.values()]);

  app.post('/tasks', { ...signedIn, schema: TASK }, async (request, reply) => {
    const task = { id: randomUUID(), title: request.body.title, created_by: tokenOf(request).subject };
    tasks.set(task.id, task);
    return reply.code(201).send(task);
  });

  app.delete('/tasks/:id', mayDelete, async (request, reply) =>
    reply.code(tasks.delete(request.params.id) ? 204 : 404).send(),
  );

  return app;
}

const TASK = {
  body: {
    type: 'object',
    required: ['title'],
    properties: { title: { type: 'string', minLength: 1, maxLength: 200 } },
  },
};
