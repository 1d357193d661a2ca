import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import { runCli, runInside, type CliExit, type Typed } from '../support/service/cli.js';
import { newFolder, type Folder } from '../support/service/process.js';
import { startServer, type TestServer } from '../support/service/server.js';
import { freshId } from '../support/tokens/tokens.js';

let server: TestServer;
let folder: Folder;

beforeAll(async () => {
  [server, folder] = await Promise.all([startServer({ env: { JWT_ALGORITHM: 'ES256' } }), newFolder()]);
});
afterAll(async () => {
  await server.close();
  await folder.remove();
});

function latchkey(args: readonly string[], typed?: Typed): Promise<CliExit> {
  return runInside(server, args, typed);
}

describe('the message names the wrong word', () => {
  const id = freshId();
  it.each<[string[], number, string]>([
    [['nonsense'], 2, "latchkey: unknown command 'nonsense'\n"],
    [['users', 'paint'], 2, "latchkey: unknown command 'paint'\n"],
    [['users', 'show', 'ada', '--colour'], 2, "latchkey: unknown option '--colour'\n"],
    [['users', 'show'], 2, "latchkey: missing required argument 'who'\n"],
    [['users', 'show', 'nobody'], 1, 'latchkey: no user "nobody"\n'],
    [['users', 'disable', 'nobody'], 1, 'latchkey: no user "nobody"\n'],
    [['revoke', 'user', 'nobody', '--reason', 'x'], 1, 'latchkey: no user "nobody"\n'],
    [['incident', '--user', 'nobody'], 1, 'latchkey: no user "nobody"\n'],
    [['incident', '--client', id], 1, `latchkey: no client "${id}"\n`],
    [['incident', '--kid', 'xyz'], 1, 'latchkey: no key "xyz"\n'],
    [['keys', 'rotate', '--compromised', 'xyz'], 1, 'latchkey: no key "xyz"\n'],
    [['sessions', 'end', id], 1, `latchkey: no session "${id}"\n`],
    [['clients', 'show', id], 1, `latchkey: no client "${id}"\n`],
    [['clients', 'show', 'x'], 1, 'latchkey: no client "x"\n'],
    [['clients', 'delete', id, '--yes'], 1, `latchkey: no client "${id}"\n`],
    [['clients', 'rotate-secret', 'x'], 1, 'latchkey: no client "x"\n'],
    [['roles', 'delete', 'painter'], 1, 'latchkey: no role "painter"\n'],
  ])('by %j', async (args, status, stderr) => {
    expect(await latchkey(args)).toEqual({ status, stdout: '', stderr });
  });
});

describe('the message names a file that cannot be opened and its fault', () => {
  it('for a file that does not exist', async () => {
    const path = join(folder.path, 'none.csv');
    const { status, stderr } = await latchkey(['users', 'import', path, '--without-proof']);
    expect([status, stderr]).toEqual([1, `latchkey: ${path} does not exist\n`]);
  });

  it('for a file that exists already', async () => {
    const path = join(folder.path, 'users.ndjson');
    expect((await latchkey(['users', 'export', path])).status).toBe(0);
    const { status, stderr } = await latchkey(['users', 'export', path]);
    expect([status, stderr]).toEqual([1, `latchkey: ${path} exists already and is not overwritten\n`]);
  });
});

describe('an incident that matches no session', () => {
  it('does not ask for the number of sessions', async () => {
    const asked: string[] = [];
    const before = '2001-01-01T00:00:00Z';
    const { status, stderr } = await latchkey(['incident', '--issued-before', before], {
      answer: 'no',
      asked,
    });
    expect([status, stderr]).toEqual([0, '']);
    const person = await server.client.register();
    await latchkey(['incident', '--user', person.email], { answer: 'no', asked });
    expect(asked).toEqual(['\nNo session matches. Type yes to write the revocation: ']);
  });
});

describe('latchkey --version', () => {
  it('prints the version of the package', async () => {
    const { status, stdout } = await runCli(['--version'], { folder: folder.path });
    expect([status, stdout]).toEqual([0, expect.stringMatching(/^\d+\.\d+\.\d+\n$/)]);
  });
});

describe('latchkey roles', () => {
  it('creates a role, lists it with its scopes, and deletes it', async () => {
    expect(await latchkey(['roles', 'put', 'painter', 'walls:paint', 'walls:read'])).toEqual({
      status: 0,
      stdout: 'The role painter has walls:paint walls:read.\n',
      stderr: '',
    });
    const { stdout } = await latchkey(['roles', 'list', '--json']);
    expect(JSON.parse(stdout)).toContainEqual({ name: 'painter', scopes: ['walls:paint', 'walls:read'] });
    expect((await latchkey(['roles', 'list'])).stdout).toMatch(/^painter +walls:paint walls:read$/m);
    expect((await latchkey(['roles', 'delete', 'painter'])).status).toBe(0);
    expect((await latchkey(['roles', 'list'])).stdout).not.toContain('painter');
  });

  it('does not change the role admin', async () => {
    const { status, stderr } = await latchkey(['roles', 'put', 'admin', 'walls:paint']);
    expect([status, stderr]).toEqual([1, 'latchkey: This built-in role does not allow this change\n']);
  });
});

describe('latchkey clients', () => {
  async function tokenOf(id: string, secret: string): Promise<number> {
    const form = { grant_type: 'client_credentials', client_id: id, client_secret: secret };
    return (await server.client.post('/oauth/token', { form })).status;
  }

  it('creates a client whose secret gets tokens, rotates the secret, and deletes the client', async () => {
    const created = await latchkey(['clients', 'create', 'painting', 'walls:read', '--json']);
    const { client_id: id, client_secret: secret } = JSON.parse(created.stdout) as Record<string, string>;
    expect(await tokenOf(id ?? '', secret ?? '')).toBe(200);
    const rotated = await latchkey(['clients', 'rotate-secret', id ?? '', '--overlap', '0', '--json']);
    const { client_secret: next } = JSON.parse(rotated.stdout) as Record<string, string>;
    expect(await tokenOf(id ?? '', secret ?? '')).toBe(401);
    expect(await tokenOf(id ?? '', next ?? '')).toBe(200);
    const { stdout } = await latchkey(['clients', 'list']);
    expect(stdout).toContain(`${id}  painting  walls:read  secrets: no end`);
    expect(stdout).not.toContain(next);
    expect(await latchkey(['clients', 'delete', id ?? ''], { answer: 'no' })).toMatchObject({ status: 1 });
    expect((await latchkey(['clients', 'delete', id ?? '', '--yes'])).status).toBe(0);
    expect(await tokenOf(id ?? '', next ?? '')).toBe(401);
  });

  it('shows a client with the times of its secrets, two of them during a rotation', async () => {
    const created = await latchkey(['clients', 'create', 'shown', 'walls:read', '--json']);
    const { client_id: id = '', client_secret: secret } = JSON.parse(created.stdout) as Record<
      string,
      string
    >;
    await latchkey(['clients', 'rotate-secret', id]);
    const { stdout } = await latchkey(['clients', 'show', id.toUpperCase(), '--json']);
    expect(JSON.parse(stdout)).toEqual({
      client_id: id,
      name: 'shown',
      scopes: ['walls:read'],
      grants: ['client_credentials'],
      resources: null,
      created_at: expect.any(String),
      secrets: [
        { created_at: expect.any(String), expires_at: null },
        { created_at: expect.any(String), expires_at: expect.any(String) },
      ],
    });
    const shown = await latchkey(['clients', 'show', id]);
    expect([shown.status, shown.stdout]).toEqual([0, expect.stringMatching(/^secrets +.* to no end, /m)]);
    expect(shown.stdout).not.toContain(secret);
  });

  it('lets a client introspect the tokens of the applications that --resources names', async () => {
    const made = await latchkey([
      'clients',
      'create',
      'reader',
      '--resources',
      'latchkey, latchkey',
      '--json',
    ]);
    const { client_id: id = '' } = JSON.parse(made.stdout) as Record<string, string>;
    const { stdout } = await latchkey(['clients', 'show', id]);
    expect(stdout).toMatch(/^resources +latchkey$/m);
    const unknown = await latchkey(['clients', 'create', 'reader', '--resources', 'nowhere']);
    expect([unknown.status, unknown.stderr]).toEqual([1, expect.stringContaining('resources')]);
  });

  it.each(['-1', '2592001', 'x', '1.5'])('refuses an overlap of %s seconds', async (overlap) => {
    const { status, stderr } = await latchkey(['clients', 'rotate-secret', freshId(), '--overlap', overlap]);
    expect([status, stderr]).toEqual([
      2,
      'latchkey: --overlap must be a number of seconds from 0 to 2592000\n',
    ]);
  });
});
