import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { secretSigningKey } from '../../src/keys/signing-key.js';
import { runCli } from '../support/service/cli.js';
import { newFolder, type Folder } from '../support/service/process.js';
import { newSecret } from '../support/service/server.js';
import { freshId, mint } from '../support/tokens/tokens.js';

const SECRET = newSecret();
const ISSUER = 'http://localhost:3000';

describe('latchkey token explain', () => {
  let folder: Folder;
  let silent: Server;

  beforeAll(async () => {
    folder = await newFolder();
    silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
  });
  afterAll(async () => {
    silent.closeAllConnections();
    silent.close();
    await folder.remove();
  });

  it('stops waiting after five seconds for a service that never answers', async () => {
    const iat = Math.floor(Date.now() / 1000);
    const ids = { sub: freshId(), jti: freshId(), sid: freshId() };
    const claims = { ...ids, iss: ISSUER, aud: 'latchkey', client_id: 'first-party', iat, exp: iat + 900 };
    const { kid } = secretSigningKey(SECRET, 'HS256');
    const token = mint(
      { alg: 'HS256', typ: 'at+jwt', kid },
      { ...claims, type: 'access', scope: '', ver: 1 },
      SECRET,
    );
    const { port } = silent.address() as AddressInfo;
    const began = Date.now();
    const { status, stdout } = await runCli(
      ['token', 'explain', '-', '--json', '--url', `http://127.0.0.1:${port}`],
      {
        folder: folder.path,
        env: { SECRET_KEY: SECRET, JWT_ISSUER: ISSUER, JWT_ALGORITHM: 'HS256' },
        input: token,
      },
    );
    expect(Date.now() - began).toBeLessThan(20_000);
    expect([status, JSON.parse(stdout)]).toEqual([
      69,
      expect.objectContaining({
        accepted: null,
        verdict: 'would be accepted as access token, unless it was revoked',
        service: expect.stringMatching(/^no answer: .*did not answer in time$/),
      }),
    ]);
  });
});
