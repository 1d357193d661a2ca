import { expect, it } from '@jest/globals';
import type * as Redocly from '@redocly/openapi-core';
import { startServer } from '../support/service/server.js';

declare const importOnce: (specifier: string) => Promise<unknown>;

it.each(['http://localhost:3000', 'https://host.example/id'])(
  'the document of the issuer %s has no error by the recommended rules of Redocly',
  async (issuer) => {
    const { createConfig, lintFromString } = (await importOnce('@redocly/openapi-core')) as typeof Redocly;
    const server = await startServer({ env: { JWT_ISSUER: issuer } });
    const { text: source } = await server.client.get('/docs-json');
    await server.close();
    const config = await createConfig({ extends: ['recommended'], telemetry: 'off' });
    const problems = await lintFromString({ source, absoluteRef: 'openapi.json', config });
    const errors = problems.filter(({ severity }) => severity === 'error');
    const shown = errors.map(({ ruleId, message, location: [at] }) => `${ruleId} ${at?.pointer}: ${message}`);
    expect(shown).toEqual([]);
  },
);
