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

describe('a verifier of tokens that a shared secret signs', () => {
  it('does not start without the secret, and says what to give', async () => {
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

  it('names the address and the fault where Latchkey cannot be reached', async () => {
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
    const message = `${nowhere}/.well-known/jwks.json cannot be reached (ECONNREFUSED)`;
    await eventually(4000, async () => errors.includes(message));
    await verifier.close();
    expect(await started).toBe(false);
  });
});
