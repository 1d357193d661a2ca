import { randomBytes } from 'node:crypto';
import { isServiceScope } from '../../../src/access/scopes.js';
import { OPERATOR } from '../../../src/access/principal.js';
import type { Answer, Person, TokenPair } from '../http/client.js';
import { UsersAdminService } from '../service/built.js';
import type { TestServer } from '../service/server.js';

export type Member = Person & TokenPair;

/**
 * A new user with `user` and the named roles, logged in for this service if the roles hold a scope of it, else for the
 * default application.
 */
export async function memberWithRoles(server: TestServer, ...roles: string[]): Promise<Member> {
  const person = await server.client.register();
  for (const role of roles) {
    await server.database.query('INSERT INTO user_roles (user_id, role) VALUES ($1, $2)', [person.id, role]);
  }
  const rows = await server.database.query(
    'SELECT unnest(scopes) AS scope FROM roles WHERE name = ANY ($1)',
    [roles],
  );
  const isForService = rows.some(({ scope }) => isServiceScope(String(scope)));
  const pair = isForService ? server.client.loginForService(person) : server.client.login(person);
  return { ...person, ...(await pair) };
}

export function administrator(server: TestServer): Promise<Member> {
  return memberWithRoles(server, 'admin');
}

/** A new, logged-in user whose own role holds these scopes. */
export async function memberWithScopes(server: TestServer, ...scopes: string[]): Promise<Member> {
  return memberWithRoles(server, await newRole(server, ...scopes));
}

/** A new role without holders. */
export async function newRole(server: TestServer, ...scopes: string[]): Promise<string> {
  const name = `r-${randomBytes(5).toString('hex')}`;
  await server.database.query('INSERT INTO roles (name, scopes) VALUES ($1, $2)', [name, scopes]);
  return name;
}

/** As the command line does it. @throws AppError `not_found`, `last_administrator` */
export async function disableAccount({ app }: TestServer, id: string): Promise<void> {
  await app.get(UsersAdminService).change(OPERATOR, id, { profile: {}, status: 'disabled' });
}

/** As the command line does it. @throws AppError `not_found` */
export async function enableAccount({ app }: TestServer, id: string): Promise<void> {
  await app.get(UsersAdminService).change(OPERATOR, id, { profile: {}, status: 'active' });
}

/** Status and code, which distinguish most refusals. */
export function verdict({ status, body }: Answer): [number, unknown] {
  return [status, body['code']];
}

/** The complete refusal that names the required scopes. */
export function refusalFor(...scopes: string[]) {
  return {
    status: 403,
    code: 'insufficient_scope',
    detail: 'Not enough permissions',
    challenge: `Bearer error="insufficient_scope", scope="${scopes.join(' ')}"`,
  };
}

/** An answer in the form of {@link refusalFor}. */
export function refusalOf({ status, body, headers }: Answer) {
  return {
    status,
    code: body['code'],
    detail: body['detail'],
    challenge: headers.get('www-authenticate'),
  };
}
