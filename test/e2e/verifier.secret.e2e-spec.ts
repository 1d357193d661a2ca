import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { administrator } from '../support/actors/administrators.js';
import { freePort } from '../support/service/free-port.js';
import { eventually } from '../support/service/process.js';
import { startServer, type TestServer } from '../support/service/server.js';
import { createVerifier, verdictOf } from '../support/service/verifier.js';

let server: TestServer;

beforeAll(async () => {
  server = await startServer({ env: { JWT_ALGORITHM: 'HS256' } });
});
afterAll(() => server.close());

describe('a verifier without the secret of an HS256 issuer', () => {
  it('does not start, and its error says which option to give', async () => {
    const { access_token: token } = await administrator(server);
    const errors: string[] = [];
    const verifier = createVerifier({
      issuer: server.config.tokens.issuer,
      url: server.url,
      audience: 'latchkey',
      feed: { token: () => token },
      maxStalenessSeconds: 60,
      onError: (error) => errors.push((error as Error).message),
    });
    expect(await verifier.start()).toBe(false);
    expect(await verdictOf(verifier, token)).toBe('unavailable');
    await verifier.close();
    expect(errors[0]).toBe(
      `${server.url}/.well-known/jwks.json holds no key that can verify: where Latchkey signs with a shared secret ` +
        '(HS256, HS384, HS512), give the verifier that secret as secretKey',
    );
  });
});

describe('a verifier that cannot reach Latchkey', () => {
  it('names the URL and the cause in every error', async () => {
    const errors: string[] = [];
    const nowhere = `http://127.0.0.1:${await freePort()}`;
    const verifier = createVerifier({
      issuer: nowhere,
      audience: 'latchkey',
      feed: { token: () => 'none' },
      maxStalenessSeconds: 60,
      onError: (error) => errors.push((error as Error).message),
    });
    const started = verifier.start();
    const messages = ['.well-known/jwks.json', 'revocations/stream'].map(
      (path) => `${nowhere}/${path} cannot be reached (ECONNREFUSED)`,
    );
    await eventually(4000, async () => messages.every((message) => errors.includes(message)));
    await verifier.close();
    expect(errors.filter((message) => !message.startsWith(nowhere))).toEqual([]);
    expect(await started).toBe(false);
  });
});
